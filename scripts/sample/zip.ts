import { buffer } from 'node:stream/consumers';
import yazl from 'yazl';

/** A ZIP of small files. @param compress tapes are stored; deflated is legal */
export async function encodeZip(files: ReadonlyMap<string, Buffer>, compress = false): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const [name, content] of files) zip.addBuffer(content, name, { compress });
  zip.end();
  return buffer(zip.outputStream);
}
