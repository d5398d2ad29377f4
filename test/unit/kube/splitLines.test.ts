import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLineSplitter } from '../../../lib/kube/splitLines.ts';

it('gives back the lines, however the bytes were cut', () => {
  const aText = fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/[\n]/.test(text)));
  fc.assert(
    fc.property(aText, fc.array(fc.nat({ max: 9 })), (texts, sizes) => {
      const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
      const splitter = createLineSplitter(1_000);
      const lines: string[] = [];
      let at = 0;
      for (const size of sizes) {
        lines.push(...splitter.push(bytes.subarray(at, at + size)));
        at += size;
      }
      lines.push(...splitter.push(bytes.subarray(at)));
      expect(lines).toEqual(texts.filter((text) => text !== ''));
      expect(splitter.pendingBytes()).toBe(0);
    }),
  );
});

it('refuses a line over its bound, also one that comes in pieces and never ends', () => {
  const splitter = createLineSplitter(10);
  expect(splitter.push(Buffer.from('0123456789\n'))).toEqual(['0123456789']);
  splitter.push(Buffer.from('0123456789'));
  expect(splitter.pendingBytes()).toBe(10);
  expect(() => splitter.push(Buffer.from('0'))).toThrow(expect.objectContaining({ code: 'WATCH_BROKEN' }));
});
