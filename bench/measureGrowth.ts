/**
 * Measures whether many Services at once cost more for each: the processor time of zen-lead a
 * Service where 1,000 and 3,000 are opted in at once, lose their leaders at once, and lose them
 * while the bridge is frozen, so that its view is lost. The floor is the same with 250. A square
 * somewhere would show as four and twelve times. docs/performance.md.
 *
 * zen-lead runs as the image does, on the embedded API server.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApiServer } from '../apiserver/startApiServer.ts';
import type { Figure } from './claim.ts';
import { createServices, loseLeaders, NAMESPACE, waitForLeaders } from './databases.ts';
import { describeSetting } from './describeSetting.ts';
import { readCpuMs } from './readProcess.ts';
import { readSamples } from './readSamples.ts';
import { settle } from './settle.ts';
import { type Bundle, prepareBundle, startImage } from './startImage.ts';
import { medianOf, writeClaim } from './writeClaim.ts';

const sizes = [250, 1_000, 3_000] as const;
const [least = 0] = sizes;
/** Longer than a bridge trusts its view without a word of the watches. */
const FROZEN_MS = 20_000;
const cases = ['opted in', 'leaders lost', 'leaders lost with the view'] as const;
type Costs = Record<(typeof cases)[number], number>;

const rounds = readSamples({ script: 'measureGrowth.ts', samples: 1, reason: 'a round takes two minutes' });
const setting = describeSetting();
const bundle = prepareBundle();
try {
  const costs = new Map<number, readonly Costs[]>();
  for (const size of sizes) costs.set(size, await measureAll(size));
  const medianUs = (what: keyof Costs, size: number): number =>
    Math.round(medianOf((costs.get(size) ?? []).map((each) => each[what])) * 1_000);
  const figure = (what: keyof Costs, size: number): Figure => ({
    what: `${size} ${what}`,
    unit: 'us',
    floor: medianUs(what, least),
    zenLead: medianUs(what, size),
  });
  writeClaim({
    name: 'growth',
    claim: 'Processor time a Service where many change at once',
    load: `Services of 2 pods in one namespace, on the embedded API; the floor is the same with ${least}`,
    setting,
    figures: cases.flatMap((what) => sizes.slice(1).map((size) => figure(what, size))),
  });
} finally {
  bundle.close();
}
process.exit();

async function measureAll(size: number): Promise<readonly Costs[]> {
  const all: Costs[] = [];
  for (let round = 0; round < rounds; round += 1) all.push(await measure(size, bundle));
  return all;
}

/** In milliseconds a Service. Each includes the announcements that follow. */
async function measure(size: number, image: Bundle): Promise<Costs> {
  const directory = mkdtempSync(join(tmpdir(), 'zen-lead-growth-'));
  const server = await startApiServer();
  try {
    const kubeconfig = join(directory, 'kubeconfig');
    await server.writeKubeconfig(kubeconfig);
    const args = ['run', '--kubeconfig', kubeconfig, '--namespace', NAMESPACE, '--no-lease'];
    const { process: zenLead } = await startImage(image, { name: 'zen-lead', directory, args });
    const costOf = async (run: () => Promise<void>): Promise<number> => {
      const before = readCpuMs(zenLead.pid);
      await run();
      await settle();
      return (readCpuMs(zenLead.pid) - before) / size;
    };
    try {
      return {
        'opted in': await costOf(async () => {
          createServices(server, size);
          await waitForLeaders(server, size);
        }),
        'leaders lost': await costOf(() => loseLeaders(server)),
        'leaders lost with the view': await costOf(async () => {
          zenLead.signal('SIGSTOP');
          await sleep(FROZEN_MS);
          await loseLeaders(server, () => zenLead.signal('SIGCONT'));
        }),
      };
    } finally {
      await zenLead.stop('SIGKILL');
    }
  } finally {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
