/**
 * Claim: what one benchmark has measured, as it is kept in bench/results, and how it is shown.
 *
 * Guarantees: pure. A figure is never shown without the floor of the same run.
 */

import type { Setting } from './describeSetting.ts';

export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly floor: number;
  readonly zenLead: number;
}

export interface Claim {
  /** Of its files in bench/results. */
  readonly name: string;
  readonly claim: string;
  readonly load: string;
  readonly setting: Setting;
  readonly figures: readonly Figure[];
}

export function ratioOf({ floor, zenLead }: Figure): string {
  return `${(zenLead / floor).toFixed(2)} x`;
}

/** A table of all claims, in Markdown: a heading row for each, then its figures. */
export function renderTable(claims: readonly Claim[]): string {
  const rows = claims.flatMap(({ name, claim, load, setting, figures }) => [
    `| **[${claim}](../bench/results/${name}.svg)** <br> ${load} | | | | ${setting.loadBefore} |`,
    ...figures.map(
      (figure) =>
        `| ${figure.what} | ${figure.floor} ${figure.unit} | ${figure.zenLead} ${figure.unit} | ${ratioOf(figure)} | |`,
    ),
  ]);
  const settings = new Set(claims.map(({ setting }) => settingOf(setting).join(' · ')));
  return [
    '| | floor | zen-lead | ratio | load before |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    ...[...settings].map((setting) => `${setting}  `),
  ].join('\n');
}

function settingOf({ measuredAt, machine, node, kubernetes, etcd }: Setting): readonly string[] {
  return [measuredAt.slice(0, 10), machine, `Node ${node}`, `kube-apiserver ${kubernetes}, etcd ${etcd} (no fsync)`];
}

const WIDTH = 640;
const LEFT = 150;
const BAR = 18;
const colors = { floor: '#8a8f98', zenLead: '#2563eb' } as const;

/** Two bars for each figure, the floor above. */
export function renderPicture({ claim, load, setting, figures }: Claim): string {
  const most = Math.max(...figures.flatMap(({ floor, zenLead }) => [floor, zenLead]));
  const toWidth = (value: number): number => Math.max(1, Math.round(((WIDTH - LEFT - 170) * value) / most));
  const bar = (y: number, name: string, value: number, unit: string, color: string, note: string): string =>
    [
      `<text x="${LEFT - 8}" y="${y + 13}" text-anchor="end">${name}</text>`,
      `<rect x="${LEFT}" y="${y}" width="${toWidth(value)}" height="${BAR}" fill="${color}"/>`,
      `<text x="${LEFT + toWidth(value) + 6}" y="${y + 13}">${value} ${unit}${note}</text>`,
    ].join('\n');
  const bars = figures.flatMap((figure, i) => {
    const y = 58 + i * 58;
    return [
      bar(y, `${figure.what}, floor`, figure.floor, figure.unit, colors.floor, ''),
      bar(y + BAR + 4, 'zen-lead', figure.zenLead, figure.unit, colors.zenLead, ` (${ratioOf(figure)})`),
    ];
  });
  const [day, machine, ...programs] = settingOf(setting);
  const versions = [day, ...programs];
  const height = 58 + figures.length * 58 + 40;
  const small = 'font-size="10" fill="#666"';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">
<title>${claim}</title>
<rect width="100%" height="100%" fill="white"/>
<text x="12" y="22" font-size="14">${claim}</text>
<text x="12" y="42" ${small}>${load}</text>
${bars.join('\n')}
<text x="12" y="${height - 24}" ${small}>${machine}, load ${setting.loadBefore} before</text>
<text x="12" y="${height - 8}" ${small}>${versions.join(' · ')}</text>
</svg>
`;
}
