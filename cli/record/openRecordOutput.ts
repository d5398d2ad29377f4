/** Opens what `record` writes to: a file that rotates, or standard output. */

import { type Recorder, type RecorderOutput, startRecorder } from '../../lib/recording/startRecorder.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import { openRecorder } from '../serve/openRecorder.ts';

interface RecordOutput {
  readonly recorder: Recorder | null;
  /** The reader of a pipe has gone (`| head`), which is the end and not an error. */
  readonly readerGone: Promise<void>;
}

interface RecordTo {
  readonly file: string;
  /** `<namespace>/<name>`; empty: all. */
  readonly services: readonly string[];
  readonly maxMib: number;
  readonly files: number;
}

/** Rejects with CONFIG_INVALID where the file cannot be written. */
export async function openRecordOutput(
  { file, services, maxMib, files }: RecordTo,
  log: Logger,
): Promise<RecordOutput> {
  const { promise: readerGone, resolve } = Promise.withResolvers<void>();
  const recorder =
    file === '-'
      ? startRecorder({ output: toStandardOutput(resolve), services, log })
      : await openRecorder({ record: file, recordServices: services, recordMaxMib: maxMib, recordFiles: files }, log);
  return { recorder, readerGone };
}

function toStandardOutput(onGone: () => void): RecorderOutput {
  process.stdout.on('error', onGone);
  return {
    append: (lines) => new Promise((resolve) => process.stdout.write(lines, () => resolve())),
    close: async () => {},
  };
}
