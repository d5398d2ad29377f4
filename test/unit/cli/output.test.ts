import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { openOutput } from '../../../cli/output.ts';

const aStream = (isTTY: boolean) => Object.assign(new PassThrough(), { isTTY });

describe('output', () => {
  it.each([
    { isTTY: true, noColor: false, painted: '\u001b[31mred\u001b[39m' },
    { isTTY: true, noColor: true, painted: 'red' },
    { isTTY: false, noColor: false, painted: 'red' },
  ])(
    'output has colour only on a terminal, and not with NO_COLOR: $isTTY, $noColor',
    async ({ isTTY, noColor, painted }) => {
      const stream = aStream(isTTY);
      const output = openOutput(stream, noColor);
      await output.line(output.paint('red', 'red'));
      stream.end();
      expect(await text(stream)).toBe(`${painted}\n`);
    },
  );

  it('waits for a slow reader, and loses no line', async () => {
    const stream = aStream(false);
    const output = openOutput(stream, false);
    const read = text(stream);
    for (let number = 0; number < 1_000; number += 1) await output.line('x'.repeat(1_000));
    stream.end();
    expect(await read).toBe(`${'x'.repeat(1_000)}\n`.repeat(1_000));
  });

  it('says that its reader has gone, and does not wait for it', async () => {
    const stream = aStream(false);
    const output = openOutput(stream, false);
    stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await new Promise(setImmediate);
    expect(output.isGone()).toBe(true);
    await output.line('no process reads this');
  });
});
