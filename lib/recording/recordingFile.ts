/**
 * Appends whole lines to a file, and starts a new one when it is full.
 *
 * FILE is the newest, FILE.1 the previous one, up to FILE.<keep - 1>. The oldest is deleted.
 *
 * Guarantees: only whole lines are handed to the kernel. SIGKILL or a power cut can leave a torn
 * last line all the same, which is cut off when the file is opened again. What a full disk tears is
 * cut off at once. So a line never continues another one. Only its owner can read the file, because
 * it shows how a cluster is built.
 * Does not guarantee that the last lines survive a power cut (no fsync). Until the file is opened
 * again, `replay` names a torn line and reads the rest.
 */

import { type FileHandle, open, rename, rm } from 'node:fs/promises';

interface RecordingFile {
  /** `lines` is whole lines. Rejects when the disk refuses, and leaves the file as it was. */
  append(lines: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

interface RecordingFileOptions {
  readonly path: string;
  /** A file is ended before the write that would make it larger. */
  readonly maxBytes: number;
  /** Files in all, the newest included. */
  readonly keep: number;
}

const OWNER_ONLY = 0o600;
const LINE_FEED = 0x0a;
/** Bytes of one step backwards in search of the last line end. */
const LOOK_BACK_BYTES = 64 * 1024;

export async function openRecordingFile({ path, maxBytes, keep }: RecordingFileOptions): Promise<RecordingFile> {
  let file = await open(path, 'a+', OWNER_ONLY);
  // A pipe or a device such as /dev/stdout has no end to be cut and no other file to go on in.
  const isFile = (await file.stat()).isFile();
  let size = isFile ? await cutTornLine(file) : 0;

  async function rotate(): Promise<void> {
    await file.close();
    await rm(nameOf(path, keep - 1), { force: true });
    for (let age = keep - 2; age >= 0; age -= 1) await renameIfThere(nameOf(path, age), nameOf(path, age + 1));
    file = await open(path, 'a+', OWNER_ONLY);
    size = await cutTornLine(file);
  }

  return {
    async append(lines) {
      if (isFile && size > 0 && size + lines.length > maxBytes) await rotate();
      try {
        await file.appendFile(lines);
        size += lines.length;
      } catch (error) {
        if (isFile) await file.truncate(size);
        throw error;
      }
    },
    close: () => file.close(),
  };
}

/** Cuts off what stands behind the last line end. Resolves to the size that is left. */
async function cutTornLine(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - LOOK_BACK_BYTES);
    const { buffer } = await file.read({ buffer: Buffer.alloc(end - start), position: start });
    const at = buffer.lastIndexOf(LINE_FEED);
    end = at === -1 ? start : start + at + 1;
    if (at !== -1) break;
  }
  if (end < size) await file.truncate(end);
  return end;
}

function nameOf(path: string, age: number): string {
  return age === 0 ? path : `${path}.${age}`;
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
