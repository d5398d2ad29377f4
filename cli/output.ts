/**
 * What a command prints to, with or without colour. Used by the commands that people type; `run`, `bridge` and `functions` log instead.
 *
 * Guarantees: no escape sequence unless it is a terminal and NO_COLOR is empty; a reader that goes away (`zen-lead replay f | head`)
 * is no error: `isGone` tells the command to stop.
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
      // Ends either way: what is not drained is a reader that has gone.
      await Promise.race([once(stream, 'drain'), once(stream, 'close')]).catch(() => {});
    },
    paint: (format, text) => (isTerminal && !noColor ? styleText(format, text, { validateStream: false }) : text),
    isGone: () => isGone,
  };
}
