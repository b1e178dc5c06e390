import { TapedeckError } from './tapedeck-error.ts';

/** The events of a stream that have data and no name: all that the API sends of a job. */
export type EventParser = (text: string) => string[];

/** A job with as much metadata as a request may have has a tenth of it. */
const MAX_EVENT_CHARS = 4 * 1024 * 1024;

/**
 * Takes the text of an event stream as it comes, in whatever pieces, and gives the data of each event that is complete
 * (HTML, 9.2.6). Lines end in CR, LF or both; a piece may end anywhere. A byte order mark is the decoder's business.
 * @throws TapedeckError UNEXPECTED_ANSWER, from the parser, for an event that does not end
 */
export function createEventParser(): EventParser {
  let rest = '';
  let endedInCr = false;
  let data: string[] = [];
  let dataChars = 0;
  let name = '';

  const dispatch = (): string[] => {
    const events = data.length > 0 && (name === '' || name === 'message') ? [data.join('\n')] : [];
    data = [];
    dataChars = 0;
    name = '';
    return events;
  };
  const take = (line: string): string[] => {
    if (line === '') return dispatch();
    const { field, value } = splitLine(line);
    if (field === 'data') {
      data.push(value);
      // With its line's end: empty ones take room as well.
      dataChars += value.length + 1;
    }
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
    const events = lines.flatMap(take);
    if (rest.length + dataChars <= MAX_EVENT_CHARS) return events;
    const message = `expected an event of at most ${MAX_EVENT_CHARS} characters, got more`;
    throw new TapedeckError('UNEXPECTED_ANSWER', message);
  };
}

/** A line that begins with a colon is a comment: its field has no name. One space after the colon is none of the value's. */
function splitLine(line: string): { field: string; value: string } {
  const colon = line.indexOf(':');
  if (colon === -1) return { field: line, value: '' };
  return { field: line.slice(0, colon), value: line.slice(colon + 1).replace(/^ /, '') };
}
