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

/** @param mediaError of HTMLMediaElement */
export function describeMediaProblem({ code, message }: Pick<MediaError, 'code' | 'message'>): string {
  const status = /^(\d{3}):/.exec(message)?.[1];
  if (status !== undefined) return describeStatus(Number(status), true);
  switch (code) {
    case 2:
      return 'It broke off on its way: the API, or the store behind it, stopped answering.';
    case 3:
      return `The file is damaged, or this browser cannot decode it (${message}).`;
    case 4:
      return 'It is not there any more, or it is nothing that this browser can play.';
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
