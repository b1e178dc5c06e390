/** A 16-bit stereo WAV file. @param at the sample (-1 to 1) at a time in seconds */
export function encodeWav(durationSec: number, at: (timeSec: number) => number, sampleRate = 48_000): Buffer {
  const frames = Math.round(durationSec * sampleRate);
  const data = Buffer.alloc(frames * 4);
  for (let index = 0; index < frames; index += 1) {
    const sample = Math.round(Math.max(-1, Math.min(1, at(index / sampleRate))) * 32_767);
    data.writeInt16LE(sample, index * 4);
    data.writeInt16LE(sample, index * 4 + 2);
  }
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + data.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(2, 22);
  header.writeUInt32LE(sampleRate, 24);
  header.writeUInt32LE(sampleRate * 4, 28);
  header.writeUInt16LE(4, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}
