import { describe, expect, it } from 'vitest';
import { createScreen, type Screen } from '../../../../cli/demo/screen.ts';

function textOf(hasColour: boolean, draw: (screen: Screen) => void): string {
  let text = '';
  draw(createScreen({ write: (more: string) => (text += more) }, hasColour));
  return text;
}

function drawAll(screen: Screen): void {
  screen.title('title');
  screen.step(1, 'step');
  screen.command('kubectl get pods');
  screen.result('result');
  screen.picture(['   postgres-0  ##', '   no pod        xx', '               ^ postgres-0 killed']);
}

describe('the screen of the demo', () => {
  it('writes plain text without colour', () => {
    expect(textOf(false, drawAll)).toBe(
      [
        'title',
        '',
        '1  step',
        '   $ kubectl get pods',
        '   result',
        '   postgres-0  ##',
        '   no pod        xx',
        '               ^ postgres-0 killed',
        '',
      ].join('\n'),
    );
  });

  it('writes the same text with colour, and colours nothing but marks in a picture', () => {
    const coloured = textOf(true, drawAll);
    const start = String.fromCharCode(27);
    expect(coloured.replaceAll(new RegExp(`${start}\\[\\d+m`, 'g'), '')).toBe(textOf(false, drawAll));
    expect(coloured).toContain(`postgres-0  ${start}[32m##${start}[39m`);
    expect(coloured).toContain(`no pod        ${start}[31mxx${start}[39m`);
    expect(coloured).toContain('               ^ postgres-0 killed\n');
  });
});
