import { describe, expect, it } from 'vitest';
import { parseLine } from '../../../lib/recording/parseLine.ts';
import { type ReadLine, readRecording } from '../../../lib/recording/readRecording.ts';
import type { RecordedLine } from '../../../lib/recording/recordedLine.ts';
import { toLine } from '../../../lib/recording/recordedLine.ts';
import { aDelivery } from '../../support/objects/aDelivery.ts';
import { aSnapshot, aSource } from '../../support/objects/anEvent.ts';

const line = toLine(aDelivery());

async function readAll(
  text: string | Uint8Array,
  chunkBytes = 1_000,
  maxCharacters?: number,
): Promise<ReadLine<RecordedLine>[]> {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const lines: ReadLine<RecordedLine>[] = [];
  for await (const read of readRecording(chunks(), parseLine, maxCharacters)) lines.push(read);
  return lines;
}

const summary = (lines: readonly ReadLine<RecordedLine>[]) =>
  lines.map((each) => `${each.lineNumber} ${each.kind === 'broken' ? each.problem : 'ok'}`);

describe('readRecording', () => {
  it.each([1, 7, 100_000])('finds the lines whatever the size of the pieces (%i bytes)', async (chunkBytes) => {
    expect(summary(await readAll(line + line, chunkBytes))).toEqual(['1 ok', '2 ok']);
  });

  it('keeps characters of several bytes whole that fall between two pieces', async () => {
    const annotations = { 'zen-lead.io/enabled': 'true', 'zen-lead.io/paused': 'naïve\u2028 ✓' };
    const snapshot = aSnapshot({ source: aSource({ annotations }) });
    const [read] = await readAll(toLine(aDelivery({ snapshot })), 1);
    expect(read).toMatchObject({ kind: 'line', line: { snapshot } });
  });

  it('names a broken line by its number and reads on behind it', async () => {
    const lines = summary(await readAll(`${line}{"event":1}\n\n${line}`));
    expect(lines).toEqual(['1 ok', '2 event: is not a JSON object', '4 ok']);
  });

  it('says that the last line is cut off', async () => {
    const lines = summary(await readAll(line + line.slice(0, 500)));
    expect(lines).toEqual(['1 ok', expect.stringMatching(/^2 is cut off, the recording ends in the middle of it/)]);
  });

  it('takes a last line that only lacks its line end', async () => {
    expect(summary(await readAll(line.trimEnd()))).toEqual(['1 ok']);
  });

  it('holds no line that is longer than the bound, and reads on behind it', async () => {
    const lines = summary(await readAll(`${'x'.repeat(5_000)}\n${line}`, 100, 4_000));
    expect(lines).toEqual(['1 is longer than 4000 characters', '2 ok']);
  });

  it('holds no line of more than 32 million characters where no other bound is given', async () => {
    const text = Buffer.concat([Buffer.alloc(33 * 1024 * 1024, 'x'), Buffer.from(`\n${line}`)]);
    expect(summary(await readAll(text, 1024 * 1024))).toEqual(['1 is longer than 33554432 characters', '2 ok']);
  });

  it('finds nothing in an empty file', async () => {
    expect(await readAll('')).toEqual([]);
  });
});

it('takes time in proportion to a line that does not end, in however many chunks it comes', async () => {
  // Quadratic time on these 10 million characters does not end within the time limit of a test.
  const chunk = Buffer.from('x'.repeat(256));
  async function* chunks() {
    for (let count = 0; count < 40_000; count += 1) {
      // So that the time limit can strike.
      if (count % 100 === 0) await new Promise(setImmediate);
      yield chunk;
    }
    yield Buffer.from('\n{}');
  }
  const kinds = [];
  for await (const { kind, lineNumber } of readRecording(chunks(), parseLine)) kinds.push(`${kind} ${lineNumber}`);
  expect(kinds).toEqual(['broken 1', 'broken 2']);
});
