/**
 * Writes what the demo shows to standard output. Nothing else in the demo knows colours.
 *
 * Guarantees: without colour it writes no escape sequence.
 */

import { styleText } from 'node:util';

export interface Screen {
  title(text: string): void;
  /** A numbered step of the story. */
  step(number: number, text: string): void;
  line(text?: string): void;
  /** The kubectl command that does the same in a cluster. */
  command(text: string): void;
  result(text: string): void;
  picture(lines: readonly string[]): void;
}

interface Output {
  write(text: string): unknown;
}

export function createScreen(output: Output, hasColour: boolean): Screen {
  const paint = (format: Parameters<typeof styleText>[0], text: string) =>
    hasColour ? styleText(format, text, { validateStream: false }) : text;
  const line = (text = '') => output.write(`${text}\n`);
  return {
    title: (text) => line(paint('bold', text)),
    step: (number, text) => line(`\n${paint(['bold', 'cyan'], `${number}  ${text}`)}`),
    line,
    command: (text) => line(`   ${paint('dim', '$')} ${paint('yellow', text)}`),
    result: (text) => line(`   ${paint('green', text)}`),
    picture: (lines) => {
      for (const one of lines) {
        line(one.replaceAll(/#+/g, (run) => paint('green', run)).replaceAll(/(?<= )x+/g, (run) => paint('red', run)));
      }
    },
  };
}
