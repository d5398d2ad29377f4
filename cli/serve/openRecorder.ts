/**
 * Opens the recorder of `run --record` and `bridge --record`. Null without `--record`.
 */

import { configError } from '../../lib/config/parseValue.ts';
import { openRecordingFile } from '../../lib/recording/recordingFile.ts';
import { type Recorder, startRecorder } from '../../lib/recording/startRecorder.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';

interface RecordSettings {
  readonly record: string | undefined;
  readonly recordServices: readonly string[];
  readonly recordMaxMib: number;
  readonly recordFiles: number;
}

const BYTES_A_MIB = 1024 * 1024;

/**
 * Rejects with CONFIG_INVALID when the file cannot be written, at the start and not hours later.
 */
export async function openRecorder(settings: RecordSettings, log: Logger): Promise<Recorder | null> {
  const { record: path, recordServices: services, recordMaxMib, recordFiles: keep } = settings;
  if (path === undefined) return null;
  try {
    const output = await openRecordingFile({ path, maxBytes: recordMaxMib * BYTES_A_MIB, keep });
    log.info({ path, services }, 'recording');
    return startRecorder({ output, services, log });
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw configError(`recording to ${path}: ${problem}`, cause);
  }
}
