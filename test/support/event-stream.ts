export interface StreamEvent {
  id: string;
  /** Empty for one without. */
  name: string;
  data: unknown;
}

/** The events of an event stream as they come (HTML, 9.2.6), of which each has one line of data. */
export async function* readEvents(answer: Response): AsyncGenerator<StreamEvent, undefined, undefined> {
  let rest = '';
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = `${rest}${chunk}`.split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
      if (fields.has('data'))
        yield { id: fields.get('id') ?? '', name: fields.get('event') ?? '', data: JSON.parse(fields.get('data')!) };
    }
  }
}
