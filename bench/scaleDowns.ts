/**
 * Scales many workloads down on the real controllers of Deployments and StatefulSets, and counts
 * the leaders that they delete. There must be none. By hand: `npm run bench:scale -- 200`
 *
 * The pods differ in what the ReplicaSet controller sorts by: node, deletion cost, time of
 * readiness, restarts. Scheduler and kubelet are stood in for.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createNamespace, type Namespace } from '../test/support/controlPlane/createNamespace.ts';
import { listEventReasons } from '../test/support/controlPlane/listEvents.ts';
import { listSlices } from '../test/support/controlPlane/readObjects.ts';
import { startStandInNode } from '../test/support/controlPlane/standInNode.ts';
import { startControlPlane } from '../test/support/controlPlane/startControlPlane.ts';
import { aService } from '../test/support/objects/aService.ts';
import { aWorkload } from '../test/support/objects/aWorkload.ts';
import { startZenLead } from '../test/support/programs/spawnZenLead.ts';

const MINUTE = 60_000;
/** Of one namespace. */
const AT_ONCE = 10;
const PODS = 4;
/** One in so many is a StatefulSet. */
const STATEFUL_EVERY = 5;
const WITHIN_MS = 5 * MINUTE;

const total = Number(process.argv[2] ?? 200);

/** The same numbers in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const podList = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string(), uid: z.string() }) })) });
const state = z.object({ phase: z.string(), survivor: z.string().optional(), reason: z.string().optional() });

interface Outcome {
  readonly name: string;
  readonly result: 'kept' | 'deleted' | 'notScaled';
  readonly moved: boolean;
  readonly why: string;
}

async function judge(namespace: Namespace, name: string): Promise<Outcome> {
  const deadlineAt = Date.now() + WITHIN_MS;
  for (;;) {
    const { items } = podList.parse(
      await namespace.request('GET', `${namespace.core('pods')}?labelSelector=app%3D${name}`),
    );
    const [slice] = await listSlices(namespace, `${name}-leader`);
    const annotations = slice?.metadata.annotations ?? {};
    const text = annotations['zen-lead.io/scale-state'];
    const record = text === undefined ? null : state.parse(JSON.parse(text));
    const moved = annotations['zen-lead.io/reason'] === 'ScaleDownSurvivor';
    const reasons = await listEventReasons(namespace, name);
    const why = `${record?.phase ?? 'nothing'} ${record?.reason ?? ''}; ${reasons.join(', ')}`;
    if (record?.phase === 'restore' || record?.phase === 'off' || reasons.includes('Normal ScaledUp'))
      return { name, result: 'deleted', moved, why };
    if (items.length === 1 && record?.phase === 'down') {
      const isKept = items[0]?.metadata.uid === record.survivor;
      return { name, result: isKept ? 'kept' : 'deleted', moved, why };
    }
    if (Date.now() > deadlineAt) return { name, result: 'notScaled', moved, why };
    await sleep(500);
  }
}

const random = randomFrom(15);
const controlPlane = await startControlPlane({ workloads: true });
const node = startStandInNode(controlPlane, {
  // From a minute to a month ago, evenly over the powers of two.
  readyAgoMs: () => MINUTE * 2 ** (random() * 15),
  nodeOf: () => ['node-a', 'node-a', 'node-b', 'node-c'][Math.floor(random() * 4)] ?? 'node-a',
  restartsOf: () => Math.floor(random() * 3),
  deletionCostOf: () => (random() < 0.2 ? Math.floor(random() * 3) - 1 : undefined),
});
const zenLead = await startZenLead(controlPlane, 'zen-lead', '--scale-down', '--resync-interval-ms', '5000');
const outcomes: Outcome[] = [];
try {
  for (let done = 0; done < total; done += AT_ONCE) {
    const namespace = await createNamespace(controlPlane, `scale-${done}`);
    const names = Array.from({ length: Math.min(AT_ONCE, total - done) }, (_, n) => `w${done + n}`);
    const kindOf = (index: number) => (index % STATEFUL_EVERY === 0 ? 'StatefulSet' : 'Deployment');
    await namespace.apply(...names.map((name, n) => aWorkload({ name, kind: kindOf(n), replicas: PODS })));
    const services = names.map((name) =>
      aService({
        name,
        annotations: { strategy: 'random', 'scale-down': '0', 'scale-down-after': '0s' },
        spec: { selector: { app: name } },
      }),
    );
    while ((await node.countReady(namespace.name)) < names.length * PODS) await sleep(200);
    await namespace.apply(...services);
    outcomes.push(...(await Promise.all(names.map((name) => judge(namespace, name)))));
    console.log(`${outcomes.length} of ${total}`);
  }
} finally {
  await zenLead.process.stop('SIGTERM');
  await node.close();
  await controlPlane.stop();
}

const count = (result: Outcome['result']): number => outcomes.filter((each) => each.result === result).length;
for (const { name, result, why } of outcomes) if (result !== 'kept') console.log(`${name}: ${result}: ${why}`);
console.log(
  JSON.stringify({
    workloads: outcomes.length,
    leadersDeleted: count('deleted'),
    kept: count('kept'),
    notScaled: count('notScaled'),
    movedFirst: outcomes.filter(({ moved }) => moved).length,
  }),
);
process.exitCode = count('deleted') > 0 ? 1 : 0;
