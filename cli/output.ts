/**
 * Prints what a command shows, with or without colour.
 *
 * Guarantees: it writes escape sequences only to a terminal, and only while NO_COLOR is empty. A
 * reader that goes away (`zen-lead replay f | head`) is not an error; `isGone` says that the
 * command should stop.
 */

import { once } from 'node:events';
import { styleText } from 'node:util';

export type Format = Parameters<typeof styleText>[0];

export interface Output {
  readonly isTerminal: boolean;
  /** Waits where the reader is slower. */
  line(text?: string): Promise<void>;
  paint(format: Format, text: string): string;
  isGone(): boolean;
}

interface Stream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
}

export function openOutput(stream: Stream, noColor: boolean): Output {
  const isTerminal = stream.isTTY === true;
  let isGone = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    isGone = true;
  });
  return {
    isTerminal,
    async line(text = '') {
      if (isGone || stream.write(`${text}\n`)) return;
      // A reader that has gone drains nothing, but closes the stream.
      await Promise.race([once(stream, 'drain'), once(stream, 'close')]).catch(() => {});
    },
    paint: (format, text) => (isTerminal && !noColor ? styleText(format, text, { validateStream: false }) : text),
    isGone: () => isGone,
  };
}
