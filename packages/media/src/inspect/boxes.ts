import { open } from 'node:fs/promises';
import { MIN_MP4_BYTES } from '../verify/verify-mp4.ts';
import { readTopLevelBoxes, type Mp4Box, type TopLevelBoxes } from '../verify/mp4-boxes.ts';
import type { Findings } from './finding.ts';

interface BoxedFile {
  path: string;
  name: string;
  sizeBytes: number;
}

const AGAIN = 'Convert or fetch it again.';

type Add = (verdict: 'wrong' | 'hint', code: string, what: string, advice?: string) => void;

/** @returns whether there is an index, so that the tracks can be looked at */
export async function inspectBoxes({ path, name, sizeBytes }: BoxedFile, findings: Findings): Promise<boolean> {
  const add: Add = (verdict, code, what, advice = AGAIN) => findings.add({ verdict, code, where: name, what, advice });
  if (sizeBytes < MIN_MP4_BYTES) {
    const advice = 'Whoever encoded it was ended before the first picture, or failed unnoticed: convert it again.';
    add('wrong', 'too-small', `it has ${sizeBytes} bytes: too few for a single picture`, advice);
    return false;
  }
  const layout = await readTopLevelBoxes(path);
  const first = (layout.boxes[0] ?? layout.cut)?.type ?? '';
  if (!FIRST_BOXES.includes(first)) {
    add('wrong', 'not-an-mp4', `it is no MP4: it begins with ${await quoteHead(path)}`);
    return false;
  }
  if (first !== 'ftyp') add('hint', 'no-ftyp', `it begins with ${first}, not with ftyp`);
  return judgeLayout(layout, sizeBytes, add);
}

/** Of MP4, and of QuickTime, which it comes from. */
const FIRST_BOXES = ['ftyp', 'moov', 'mdat', 'free', 'wide', 'styp'];

function judgeLayout({ boxes, cut, trailingBytes }: TopLevelBoxes, sizeBytes: number, add: Add): boolean {
  const types = boxes.map(({ type }) => type);
  if (cut) add('wrong', 'cut-off', describeCut(cut, sizeBytes));
  else if (trailingBytes > 0) add('wrong', 'trailing-bytes', `${trailingBytes} bytes at its end belong to nothing`);
  if (!types.includes('moov')) {
    add('wrong', 'no-moov', 'it has no index (moov), without which nothing of it can be played');
    return false;
  }
  if (!types.includes('mdat') && cut?.type !== 'mdat') add('wrong', 'no-mdat', 'it has an index and no media (mdat)');
  if (types.includes('mdat') && types.indexOf('mdat') < types.indexOf('moov')) {
    const advice = 'ffmpeg -i IN -c copy -movflags +faststart OUT puts it in front.';
    add('hint', 'moov-at-end', 'its index (moov) comes last: players fetch all of it before they begin', advice);
  }
  return true;
}

function describeCut({ type, offset, sizeBytes }: Mp4Box, fileBytes: number): string {
  const missing = offset + sizeBytes - fileBytes;
  return `it is cut off: its box ${type} says ${sizeBytes} bytes, ${missing} of them are missing`;
}

const HEAD_BYTES = 16;

async function quoteHead(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return JSON.stringify(buffer.toString('latin1', 0, bytesRead).replaceAll(/[^ -~]/g, '·'));
  } finally {
    await file.close();
  }
}
