/**
 * Cuts a byte stream into lines.
 *
 * Guarantees: cuts on bytes, so a character that spans two chunks stays whole. A line of many
 * chunks is put together once. A line over `maxLineBytes`, or one that is not UTF-8, is
 * `WATCH_BROKEN`.
 */

import { isUtf8 } from 'node:buffer';
import { ZenLeadError } from '../errors.ts';

const NEWLINE = 0x0a;

interface LineSplitter {
  /** The lines that this chunk completes, without their line ends; empty lines are left out. */
  push(chunk: Uint8Array): readonly string[];
  /** Bytes of a line that has not ended yet. */
  pendingBytes(): number;
}

export function createLineSplitter(maxLineBytes: number): LineSplitter {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;

  const keep = (part: Uint8Array) => {
    if (part.length === 0) return;
    pendingBytes += part.length;
    if (pendingBytes > maxLineBytes) {
      throw new ZenLeadError('WATCH_BROKEN', `a watch line is longer than ${maxLineBytes} bytes`, { retry: 'later' });
    }
    pending.push(part);
  };
  const takeLine = (): string => {
    const line = Buffer.concat(pending, pendingBytes);
    pending = [];
    pendingBytes = 0;
    if (!isUtf8(line)) throw new ZenLeadError('WATCH_BROKEN', 'a watch line is not UTF-8', { retry: 'later' });
    return line.toString('utf8');
  };

  return {
    push(chunk) {
      const lines: string[] = [];
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        keep(chunk.subarray(start, end));
        if (pendingBytes > 0) lines.push(takeLine());
        start = end + 1;
      }
      keep(chunk.subarray(start));
      return lines;
    },
    pendingBytes: () => pendingBytes,
  };
}
