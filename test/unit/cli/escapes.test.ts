import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { toExplainDocument } from '../../../cli/explain/explainDocument.ts';
import { renderExplanation } from '../../../cli/explain/renderExplanation.ts';
import { openOutput } from '../../../cli/output.ts';
import { printDocument } from '../../../cli/printDocument.ts';
import { buildSnapshot } from '../../../lib/selection/buildSnapshot.ts';
import { aPod, aService, version } from '../../support/objects/builders.ts';

const aTerminal = () => Object.assign(new PassThrough(), { isTTY: true });
const ESC = '\u001b';

/** What an attacker would write into a name, a reason or a message. */
const attacks = [
  { name: 'clears the screen (CSI)', attack: `${ESC}[2J` },
  { name: 'hides what follows (SGR)', attack: `${ESC}[8m` },
  { name: 'links elsewhere (OSC 8)', attack: `${ESC}]8;;https://evil.example${ESC}\\text${ESC}]8;;${ESC}\\` },
  { name: 'writes the clipboard (OSC 52, BEL)', attack: `${ESC}]52;c;aGk=\u0007` },
  { name: 'uses CSI of C1', attack: '\u009b2J' },
  { name: 'adds a line', attack: 'a\nSERVICE ok' },
  { name: 'overwrites the line', attack: 'a\rok\b\b\u007f' },
  { name: 'turns the direction', attack: '\u202eko' },
];
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about.
const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;

/** Our own colours taken out. */
function withoutColours(printed: string): string {
  return printed.replaceAll(`${ESC}[31m`, '').replaceAll(`${ESC}[39m`, '');
}

describe('what reaches a terminal', () => {
  it.each(attacks)('holds no control character of a text that $name', async ({ attack }) => {
    const stream = aTerminal();
    const output = openOutput(stream, false);
    await output.line(`shop/${attack} leads`);
    await output.line(output.paint('red', `shop/${attack} leads`));
    await printDocument({ name: attack }, 'json', output);
    await printDocument({ name: attack }, 'yaml', output);
    stream.end();
    const printed = await text(stream);
    expect(printed).toContain(`${ESC}[31mshop/`);
    expect(withoutColours(printed)).not.toMatch(unsafe);
    const [first, second, ...documents] = withoutColours(printed).split('\n');
    expect(first).toBe(second);
    expect(first).toMatch(/^shop\/.* leads$/);
    expect(JSON.parse(documents.slice(0, 3).join('\n'))).toEqual({ name: attack });
  });

  it.each(attacks)(
    'an explanation of objects that hold a text that $name reaches a terminal without it',
    async ({ attack }) => {
      const stream = aTerminal();
      const output = openOutput(stream, true);
      const snapshot = buildSnapshot({
        namespace: 'shop',
        name: `postgres${attack}`,
        source: aService({ 'zen-lead.io/strategy': attack }, { name: `postgres${attack}` }),
        pods: [aPod({ name: `postgres-0${attack}`, ready: false })],
        services: [],
        slices: [],
        revisions: { pods: version(1), services: version(1), slices: version(1) },
      });
      const lines = renderExplanation(toExplainDocument(snapshot, Date.UTC(2026, 0, 1)), output.paint);
      for (const line of lines) await output.line(line);
      stream.end();
      const printed = await text(stream);
      expect(printed).not.toMatch(unsafe);
      expect(printed.trimEnd().split('\n')).toHaveLength(lines.length);
    },
  );
});
