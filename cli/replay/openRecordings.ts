/**
 * Reads the lines of several recordings, one file after the other; `-` is standard input.
 *
 * Guarantees: CONFIG_INVALID names a file that cannot be opened. It streams, so that a file is
 * never in memory as a whole.
 */

import { createReadStream } from 'node:fs';
import { configError } from '../../lib/config/parseValue.ts';
import { type ReadLine, readRecording } from '../../lib/recording/readRecording.ts';

type FileLine<Parsed> = ReadLine<Parsed> & {
  /** `incident.jsonl:12`, as compilers write it. */
  readonly place: string;
};

/** `parse` takes one line, of the domain that was recorded. */
export async function* openRecordings<Parsed>(
  paths: readonly string[],
  parse: (text: string) => Parsed,
): AsyncGenerator<FileLine<Parsed>> {
  for (const path of paths) {
    const name = path === '-' ? 'standard input' : path;
    const stream = path === '-' ? process.stdin : createReadStream(path);
    try {
      for await (const line of readRecording(stream, parse)) yield { ...line, place: `${name}:${line.lineNumber}` };
    } catch (error) {
      if (!isFileError(error)) throw error;
      throw configError(`${name}: cannot be read: ${error.message}`, error);
    }
  }
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
