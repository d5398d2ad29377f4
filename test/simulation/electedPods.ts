/**
 * ElectedPods: users ask for several elections and for pools, and take some of them away again.
 *
 * It draws from a stream of its own and acts beside the other troubles. So a run without it is the
 * same run as before there was any.
 */

import { createRandom } from './random.ts';
import type { Troubles } from './troubles.ts';

/** Users have made the sources by then. */
const FIRST_MS = 2_500;
const PACE_MS = 4_000;

/** Values for each annotation. Null takes it away. */
const settings: readonly (readonly [string, readonly (string | null)[]])[] = [
  ['zen-lead.io/elections', ['writer, cron', 'writer', 'writer, cron, sweep', 'Writer', null]],
  ['zen-lead.io/active', ['2', '3', '1', '0', null]],
  ['zen-lead.io/spread', ['require', 'none', 'prefer', null]],
  ['cron.zen-lead.io/active', ['2', null]],
  ['writer.zen-lead.io/strategy', ['newest', 'random', null]],
  ['writer.zen-lead.io/leader-service-name', ['main', null]],
];

export function startElectedPods(options: Troubles): void {
  const { cluster, scheduler, verdict, seed, sources, until, isOn } = options;
  if (isOn !== true) return;
  const { server } = cluster;
  const random = createRandom(seed ^ 0xe1ec7);

  function annotate(first: boolean): void {
    if (scheduler.now() >= until) return;
    for (const name of sources) {
      if (server.etcd.read('services', name) === undefined || (!first && random.chance(0.5))) continue;
      const [key, values] = random.pickAny(first ? settings.slice(0, 2) : settings) ?? ['', []];
      const value = random.pickAny(first ? values.slice(0, 2) : values) ?? null;
      server.patch('user', 'services', name, { metadata: { annotations: { [key]: value } } });
      verdict.note(`* user annotates ${name}: ${key}=${value}`);
    }
    scheduler.schedule(random.between(PACE_MS / 2, PACE_MS * 2), () => annotate(false));
  }

  scheduler.schedule(FIRST_MS, () => annotate(true));
}
