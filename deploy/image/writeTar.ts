/**
 * Writes files and folders as one tar archive (ustar).
 *
 * Guarantees: the same entries give the same bytes, with owner 0 and time 0, in the order given.
 * Does not guarantee paths of more than 100 bytes and files of 8 GiB. Our images have neither, and
 * both throw.
 * Source: POSIX.1-2017 pax, "ustar Interchange Format".
 */

export interface TarEntry {
  /** Relative, with `/`; a folder ends in `/`. */
  readonly path: string;
  readonly body: Buffer;
  readonly mode: number;
}

const BLOCK_BYTES = 512;
const MAX_PATH_BYTES = 100;

export function writeTar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, body, mode }) => [toHeader(path, body.length, mode), pad(body)]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function toHeader(path: string, sizeBytes: number, mode: number): Buffer {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw new Error(`tar: ${path} is longer than ${MAX_PATH_BYTES} bytes`);
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(path, 0);
  header.write(toOctal(mode, 7), 100);
  header.write(toOctal(0, 7), 108); // uid
  header.write(toOctal(0, 7), 116); // gid
  header.write(toOctal(sizeBytes, 11), 124);
  header.write(toOctal(0, 11), 136); // mtime
  header.write(path.endsWith('/') ? '5' : '0', 156);
  header.write('ustar\u000000', 257, 'latin1');
  // The checksum counts its own field as spaces.
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${toOctal(sum, 6)}\u0000 `, 148, 'latin1');
  return header;
}

function toOctal(value: number, digits: number): string {
  const text = value.toString(8).padStart(digits, '0');
  if (text.length > digits) throw new Error(`tar: ${value} does not fit into ${digits} octal digits`);
  return text;
}

function pad(body: Buffer): Buffer {
  const rest = body.length % BLOCK_BYTES;
  return rest === 0 ? body : Buffer.concat([body, Buffer.alloc(BLOCK_BYTES - rest)]);
}
