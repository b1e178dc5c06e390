/** What the player could not do, and what that means. */

/** Of hls.js: https://github.com/video-dev/hls.js/blob/master/docs/API.md#errors */
export interface StreamProblem {
  details: string;
  /** undefined where no answer came. */
  httpStatus?: number;
}

const ABOUT_CODECS = /codec/i;
const ABOUT_CONTENT = /pars|append|empty|decrypt|remux|stalled/i;

export function describeStreamProblem({ details, httpStatus }: StreamProblem): string {
  if (httpStatus !== undefined && httpStatus >= 400) return describeStatus(httpStatus, /manifest|level/i.test(details));
  if (ABOUT_CODECS.test(details)) return 'This browser cannot decode the stream. That says nothing of the file.';
  if (ABOUT_CONTENT.test(details)) {
    return `The stream is damaged, or this browser cannot read it (${details}). If others cannot, either: convert again.`;
  }
  if (/load/i.test(details)) return 'It did not arrive: the API, or the store behind it, did not answer in time.';
  return `The player gave up (${details}).`;
}

/** @param httpStatus what its address answers; undefined where nothing came */
export function describeMediaProblem(
  { code, message }: Pick<MediaError, 'code' | 'message'>,
  httpStatus: number | undefined,
): string {
  if (httpStatus === undefined) return 'It did not arrive: the API does not answer.';
  if (httpStatus >= 400) return describeStatus(httpStatus, true);
  switch (code) {
    case 2:
      return 'It broke off on its way: the API, or the store behind it, stopped answering.';
    case 3:
      return `The file is damaged, or this browser cannot decode it (${message}).`;
    case 4:
      return 'It is there, but this browser cannot play it: it is damaged, or in a format that it does not know.';
    default:
      return `The player gave up (${message || code}).`;
  }
}

function describeStatus(status: number, isWhole: boolean): string {
  if (status === 401) return 'You are not signed in any more: load the page again.';
  if (status === 404 || status === 410) {
    return isWhole
      ? 'It is not there any more: it was deleted, or taken away in the store.'
      : 'A part of it is missing in the store, for its viewers, too. To convert it again puts everything there anew.';
  }
  if (status >= 500) return `The store does not answer (HTTP ${status}). The System page shows what is away.`;
  return `It is not given out (HTTP ${status}).`;
}
