/** The events of a stream that have data and no name: all that the API sends of a job. */
export type EventParser = (text: string) => string[];

/**
 * Takes the text of an event stream as it comes, in whatever pieces, and gives the data of each event that is complete
 * (HTML, 9.2.6). Lines end in CR, LF or both; a piece may end anywhere. A byte order mark is the decoder's business.
 */
export function createEventParser(): EventParser {
  let rest = '';
  let endedInCr = false;
  let data: string[] = [];
  let name = '';

  const dispatch = (): string[] => {
    const events = data.length > 0 && (name === '' || name === 'message') ? [data.join('\n')] : [];
    data = [];
    name = '';
    return events;
  };
  const take = (line: string): string[] => {
    if (line === '') return dispatch();
    const { field, value } = splitLine(line);
    if (field === 'data') data.push(value);
    if (field === 'event') name = value;
    return [];
  };
  return (text) => {
    if (text === '') return [];
    // The LF of a CRLF that was cut in two ends nothing.
    const fresh = endedInCr && text.startsWith('\n') ? text.slice(1) : text;
    endedInCr = text.endsWith('\r');
    const lines = (rest + fresh).split(/\r\n|\r|\n/);
    rest = lines.pop() ?? '';
    return lines.flatMap(take);
  };
}

/** A line that begins with a colon is a comment: its field has no name. One space after the colon is none of the value's. */
function splitLine(line: string): { field: string; value: string } {
  const colon = line.indexOf(':');
  if (colon === -1) return { field: line, value: '' };
  return { field: line.slice(0, colon), value: line.slice(colon + 1).replace(/^ /, '') };
}
