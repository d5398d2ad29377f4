/**
 * Fights: something else wants an object of zen-lead in another state, and changes it as soon as it
 * is written. An admission webhook sets zones, makes new Services IPv6-first or drops an annotation
 * that it does not know; a GitOps controller has a manifest of its own. docs/decisions/damping.md
 *
 * It draws from a stream of its own and acts beside the other troubles. So a run without it is the
 * same run as before there was any. It goes on to the end of some runs.
 */

import { isEqual } from '../../lib/selection/isEqual.ts';
import { annotation, label, MANAGER, SLICE_MANAGER } from '../../lib/selection/names.ts';
import type { Write } from '../../lib/selection/write.ts';
import type { Webhook } from './apiServer.ts';
import type { Cluster } from './cluster.ts';
import { endpointsOf, type KubeObject, labelOf, mergePatch } from './kubeObject.ts';
import { createRandom } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Verdict } from './verdict.ts';

export interface FightsOptions {
  readonly cluster: Cluster;
  readonly scheduler: Scheduler;
  readonly verdict: Verdict;
  readonly seed: number;
  /** From then on nothing new goes wrong. */
  readonly until: number;
  /** Undefined: as the seed says. */
  readonly isOn?: boolean | undefined;
}

export interface Fights {
  /** Something is being fought over now. */
  isOn(): boolean;
  /** This would be as it is again as soon as it is written. */
  undoes(write: Write): boolean;
  /**
   * What is recorded about announcements does not stay. It goes with a leader Service that is made
   * again, too.
   */
  dropsRecords(): boolean;
}

type Kind = 'zones' | 'families' | 'records' | 'manifest';

/** Of runs. */
const SHARE = 0.1;
/** Of those: it goes on to the end. */
const OF_LASTING = 0.6;
/** Leaders are settled by then, or are not. */
const FIRST_MS = 2_000;
const kinds = ['zones', 'families', 'records', 'manifest'] as const satisfies readonly Kind[];
const ACTOR = 'gitops';
const MANIFEST = { type: 'NodePort' };

export function startFights({ cluster, scheduler, verdict, seed, until, isOn }: FightsOptions): Fights {
  const { server } = cluster;
  const random = createRandom(seed ^ 0xf1947);
  const isChosen = random.chance(SHARE);
  let kind: Kind | null = null;
  if (isOn ?? isChosen) {
    const next = random.pick(kinds);
    const isLasting = random.chance(OF_LASTING);
    const startMs = random.between(FIRST_MS, (until - scheduler.now()) / 2);
    scheduler.schedule(startMs, () => begin(next));
    if (!isLasting) scheduler.schedule(random.between(startMs, until - scheduler.now()), end);
  }

  function begin(next: Kind): void {
    kind = next;
    verdict.note(`* a fight over ${next} begins`);
    server.setWebhook(webhooks[next]);
    if (next === 'manifest') server.etcd.subscribe(({ plural, object }) => fightBack(plural, object));
  }

  function end(): void {
    verdict.note(`* the fight over ${kind} ends`);
    kind = null;
    server.setWebhook(null);
  }

  function fightBack(plural: string, object: KubeObject): void {
    if (kind !== 'manifest' || plural !== 'services' || !isOurs(plural, object)) return;
    scheduler.schedule(random.between(5, 100), () => {
      const now = server.etcd.read('services', object.metadata.name);
      if (kind !== 'manifest' || now === undefined || typeOf(now) === MANIFEST.type) return;
      server.patch(ACTOR, 'services', object.metadata.name, { spec: MANIFEST });
    });
  }

  return {
    isOn: () => kind !== null,
    dropsRecords: () => kind === 'records' || kind === 'families',
    undoes(write) {
      if (kind === null || !('resource' in write)) return false;
      const current = server.etcd.read(write.resource, write.name);
      if (current === undefined || !isOurs(write.resource, current)) return false;
      if (kind === 'families') return write.resource === 'services' && familiesOf(current)[0] === 'IPv6';
      if (write.kind !== 'patch') return false;
      const next = mergePatch(current, write.patch) as KubeObject;
      const result =
        kind === 'manifest' ? mergePatch(next, { spec: MANIFEST }) : webhooks[kind](write.resource, next, 'patch');
      return isEqual(contentOf(result as KubeObject), contentOf(current));
    },
  };
}

const webhooks: Readonly<Record<Kind, Webhook>> = {
  zones(plural, object) {
    if (plural !== 'endpointslices' || !isOurs(plural, object)) return object;
    return { ...object, endpoints: endpointsOf(object).map((endpoint) => ({ ...endpoint, zone: 'elsewhere' })) };
  },
  families(plural, object, verb) {
    if (plural !== 'services' || verb !== 'create' || !isOurs(plural, object)) return object;
    const ipFamilies = familiesOf(object).length > 1 ? ['IPv6', 'IPv4'] : ['IPv6'];
    return mergePatch(object, { spec: { ipFamilies } }) as KubeObject;
  },
  records(plural, object) {
    if (plural !== 'services' || !isOurs(plural, object)) return object;
    return mergePatch(object, { metadata: { annotations: { [annotation.announcedEpoch]: null } } }) as KubeObject;
  },
  manifest: (_plural, object) => object,
};

function isOurs(plural: string, object: KubeObject): boolean {
  return plural === 'services'
    ? labelOf(object, label.managedBy) === MANAGER
    : labelOf(object, label.sliceManagedBy) === SLICE_MANAGER;
}

function contentOf({ metadata, spec, ['endpoints']: endpoints, ['ports']: ports }: KubeObject): unknown {
  return [metadata.labels, metadata.ownerReferences, spec, endpoints, ports];
}

function specOf(object: KubeObject): { readonly type?: string; readonly ipFamilies?: readonly string[] } {
  return (object['spec'] ?? {}) as ReturnType<typeof specOf>;
}

const typeOf = (object: KubeObject): string | undefined => specOf(object).type;
const familiesOf = (object: KubeObject): readonly string[] => specOf(object).ipFamilies ?? [];
