import { open } from 'node:fs/promises';

export interface Mp4Box {
  type: string;
  offset: number;
  sizeBytes: number;
}

const MAX_BOXES = 1_000;

export interface TopLevelBoxes {
  boxes: Mp4Box[];
  /** The box that claims more bytes than the file has. */
  cut: Mp4Box | undefined;
  /** Behind the last whole box. */
  trailingBytes: number;
}

/** The top-level boxes of an MP4 (ISO/IEC 14496-12, 4.2). Stops at the first box that does not fit into the file. */
export async function readTopLevelBoxes(path: string): Promise<TopLevelBoxes> {
  const file = await open(path);
  try {
    const { size: fileBytes } = await file.stat();
    const boxes: Mp4Box[] = [];
    let offset = 0;
    let cut: Mp4Box | undefined;
    while (offset + 8 <= fileBytes && boxes.length < MAX_BOXES) {
      const { buffer } = await file.read(Buffer.alloc(16), 0, 16, offset);
      const type = buffer.toString('latin1', 4, 8);
      const sizeBytes = readBoxSize(buffer, fileBytes - offset);
      if (sizeBytes < 8) break;
      if (offset + sizeBytes > fileBytes) {
        cut = { type, offset, sizeBytes };
        break;
      }
      boxes.push({ type, offset, sizeBytes });
      offset += sizeBytes;
    }
    return { boxes, cut, trailingBytes: fileBytes - offset };
  } finally {
    await file.close();
  }
}

/** Size 1 means a 64-bit size follows the type; size 0 means to the end of the file. */
function readBoxSize(header: Buffer, restBytes: number): number {
  const size = header.readUInt32BE(0);
  if (size === 1) return Number(header.readBigUInt64BE(8));
  return size === 0 ? restBytes : size;
}
