import { crc32 } from 'node:zlib';

/** @returns the PNG with all chunks and checksums right; what is in IDAT is no picture */
export function breakPixels(picture: Buffer): Buffer {
  const png = Buffer.from(picture);
  const type = png.indexOf('IDAT');
  const dataBytes = png.readUInt32BE(type - 4);
  png.fill(0x55, type + 4, type + 4 + dataBytes);
  png.writeUInt32BE(crc32(png.subarray(type, type + 4 + dataBytes)), type + 4 + dataBytes);
  return png;
}
