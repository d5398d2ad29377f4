/**
 * Records every delivery of the bridge, for `--record` and `zen-lead record`.
 *
 * Guarantees: never blocks and never throws into the delivery that it records. Writes whole lines,
 * one write at a time. What waits for the disk is bounded. Beyond the bound lines are dropped and
 * counted, and the log has the count.
 * Does not guarantee that a recording is complete. `close` writes what waits.
 */

import type { Logger } from '../telemetry/logger.ts';
import { type Delivery, toLine } from './recordedLine.ts';

interface RecorderOptions {
  readonly output: RecorderOutput;
  /** `<namespace>/<service>`; empty: all. */
  readonly services: readonly string[];
  readonly log: Logger;
  readonly maxWaitingBytes?: number;
}

export interface RecorderOutput {
  append(lines: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export interface Recorder {
  record(delivery: Delivery): void;
  close(): Promise<void>;
}

/** 5,000 events of an ordinary Service: seconds of a mass failover on a disk that stands still. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export function startRecorder({
  output,
  services,
  log,
  maxWaitingBytes = MAX_WAITING_BYTES,
}: RecorderOptions): Recorder {
  const wanted = new Set(services);
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let dropped = 0;
  let writing: Promise<void> | null = null;

  function startWriting(): void {
    writing ??= writeAll().finally(() => {
      writing = null;
      // What came while the last write was settling.
      if (waiting.length > 0) startWriting();
    });
  }

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      waitingBytes = 0;
      try {
        await output.append(Buffer.concat(lines));
      } catch (err) {
        dropped += lines.length;
        log.error({ err, lines: lines.length }, 'the recording could not be written; these events are not in it');
      }
    }
    if (dropped > 0) log.warn({ dropped }, 'events that are not in the recording, since the last such line');
    dropped = 0;
  }

  return {
    record(delivery) {
      if (wanted.size > 0 && !wanted.has(delivery.event.partitionkey)) return;
      const line = Buffer.from(toLine(delivery));
      if (waitingBytes + line.length > maxWaitingBytes) {
        dropped += 1;
        return;
      }
      waiting.push(line);
      waitingBytes += line.length;
      startWriting();
    },
    async close() {
      while (writing !== null) await writing;
      await output.close();
    },
  };
}
