/**
 * Reads the lines of a recording, one after the other, from a file or a pipe.
 *
 * Guarantees: memory holds one line only. A line that cannot be read is reported with its number
 * and its fault, and reading goes on behind it. Empty lines are passed over, because editors leave
 * them.
 * Does not guarantee an order in time. A recording has the order of the answers.
 */

export type ReadLine<Line> =
  | { readonly kind: 'line'; readonly lineNumber: number; readonly line: Line }
  | { readonly kind: 'broken'; readonly lineNumber: number; readonly problem: string };

/**
 * Room for 100,000 candidates. An event over the wire has 64 KiB, but one of `run` has all its
 * candidates, 300 B each.
 */
const MAX_LINE_CHARACTERS = 32 * 1024 * 1024;

/** `parse` takes one line, of the domain that was recorded. */
export async function* readRecording<Parsed>(
  chunks: AsyncIterable<Uint8Array>,
  parse: (text: string) => Parsed,
  maxCharacters = MAX_LINE_CHARACTERS,
): AsyncGenerator<ReadLine<Parsed>> {
  let lineNumber = 0;
  for await (const { text, isComplete, isTooLong } of splitLines(chunks, maxCharacters)) {
    lineNumber += 1;
    if (isTooLong) yield { kind: 'broken', lineNumber, problem: `is longer than ${maxCharacters} characters` };
    else if (text.trim() !== '') yield readLine(parse, text, lineNumber, isComplete);
  }
}

function readLine<Parsed>(
  parse: (text: string) => Parsed,
  text: string,
  lineNumber: number,
  isComplete: boolean,
): ReadLine<Parsed> {
  try {
    return { kind: 'line', lineNumber, line: parse(text) };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const cut = isComplete ? '' : 'is cut off, the recording ends in the middle of it: ';
    return { kind: 'broken', lineNumber, problem: `${cut}${problem}` };
  }
}

interface Line {
  readonly text: string;
  /** It ended with a line feed. */
  readonly isComplete: boolean;
  readonly isTooLong: boolean;
}

/**
 * node:readline also splits at U+2028 and U+2029, which JSON allows inside a string, and has no
 * bound.
 */
async function* splitLines(chunks: AsyncIterable<Uint8Array>, maxCharacters: number): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8');
  // Pieces of the line that has not ended, joined once, at its end. To join and search
  // them at each chunk would take quadratic time on a long line.
  let pieces: string[] = [];
  let length = 0;
  let isTooLong = false;
  const add = (piece: string): void => {
    length += piece.length;
    if (length > maxCharacters) {
      isTooLong = true;
      pieces = [];
    } else pieces.push(piece);
  };
  const takeLine = (isComplete: boolean): Line => {
    const line = { text: pieces.join(''), isComplete, isTooLong };
    pieces = [];
    length = 0;
    isTooLong = false;
    return line;
  };
  for await (const chunk of chunks) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n');
    const rest = parts.pop() ?? '';
    for (const part of parts) {
      add(part);
      yield takeLine(true);
    }
    add(rest);
  }
  add(decoder.decode());
  if (length > 0) yield takeLine(false);
}
