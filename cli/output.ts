/**
 * Prints what a command shows, with or without colour.
 *
 * Guarantees: it writes no escape sequence but its own colours, and those only to a terminal and
 * while NO_COLOR is empty. Control characters of what it prints come out escaped. A
 * reader that goes away (`zen-lead replay f | head`) is not an error; `isGone` says that the
 * command should stop.
 */

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { styleText } from 'node:util';
import { escapeControls, escapeLines } from './escapeControls.ts';

export type Format = Parameters<typeof styleText>[0];

export interface Output {
  readonly isTerminal: boolean;
  /** Waits where the reader is slower. */
  line(text?: string): Promise<void>;
  /** Several lines. Only for a text whose line feeds are all our own. */
  lines(text: string): Promise<void>;
  /** For `line` and `lines` of this output alone, which put in the colour. */
  paint(format: Format, text: string): string;
  isGone(): boolean;
}

interface Stream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
}

const ESC = '\u001b';
const SGR = new RegExp(`${ESC}\\[([0-9;]*)m`, 'g');

/** Prints one line on standard error, without what a terminal would act on. */
export function complain(text: string): void {
  process.stderr.write(`${escapeControls(text)}\n`);
}

export function openOutput(stream: Stream, noColor: boolean): Output {
  const isTerminal = stream.isTTY === true;
  let isGone = false;
  // Stands for ESC in what `paint` returns. Nobody else can know it, so every other ESC is foreign.
  const mark = randomUUID();
  const write = async (text: string): Promise<void> => {
    if (isGone || stream.write(`${text.replaceAll(mark, ESC)}\n`)) return;
    // A reader that has gone drains nothing, but closes the stream.
    await Promise.race([once(stream, 'drain'), once(stream, 'close')]).catch(() => {});
  };
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    isGone = true;
  });
  return {
    isTerminal,
    line: (text = '') => write(escapeControls(text)),
    lines: (text) => write(escapeLines(text)),
    paint: (format, text) =>
      isTerminal && !noColor
        ? styleText(format, escapeControls(text), { validateStream: false }).replaceAll(SGR, `${mark}[$1m`)
        : text,
    isGone: () => isGone,
  };
}
