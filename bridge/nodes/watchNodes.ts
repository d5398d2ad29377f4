/**
 * startNodeWatches: watches nodes, and the Leases that their kubelets renew.
 *
 * Guarantees: where one of the two is not allowed, it is off, one log line says so, and the other
 * one works.
 */

import { type KubeApi, leases, nodes } from '../../lib/kube/kubeApi.ts';
import { type NodeView, parseNode, parseNodeLease } from '../../lib/kube/parseNode.ts';
import type { Logger } from '../../lib/telemetry/logger.ts';
import type { Metrics } from '../../lib/telemetry/metrics.ts';
import type { Clock } from '../clock.ts';
import { startReflector } from '../watch/reflector.ts';
import type { ObjectIdentity, ReflectorStore } from '../watch/reflectorStore.ts';
import type { ReflectorTuning } from '../watch/reflectorTuning.ts';
import type { Gap } from '../watch/watchTrust.ts';
import { startOptionalWatch } from './optionalWatch.ts';
import { createRenewals, type Renewals } from './renewals.ts';

export interface NodeWatchContext {
  readonly api: KubeApi;
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly tuning?: Partial<ReflectorTuning> | undefined;
}

interface NodeWatches {
  readonly views: ReadonlyMap<string, NodeView>;
  readonly renewals: Pick<Renewals, 'of'>;
  /** Of every node that is there. */
  names(): ReadonlySet<string>;
  /** The Leases are listed. */
  hasLeases(): boolean;
  /** They are, and the watch of them cannot be relied on. */
  isStale(): boolean;
  /** When they were not watched, the last time, in monotonic milliseconds; null where never. */
  lastGap(): Gap | null;
  /** One sentence for each kind that is not watched. */
  lacks(): readonly string[];
  /** The API server has answered whether they may be watched, or this was closed. */
  readonly asked: Promise<unknown>;
  close(): Promise<void>;
}

interface Listeners {
  /** Monotonic milliseconds: what was heard before is too long ago to count. */
  countsFrom(): number;
  onRenewal(name: string): void;
  /** Nodes have other views. */
  onNodes(): void;
}

/** Where kubelets renew their Leases. A Lease of another namespace may be a tenant's. */
const LEASE_NAMESPACE = 'kube-node-lease';

export function startNodeWatches(
  context: NodeWatchContext,
  { countsFrom, onRenewal, onNodes }: Listeners,
): NodeWatches {
  const { tuning, ...parts } = context;
  const { api, clock, random, log } = parts;
  const views = new Map<string, NodeView>();
  const renewals = createRenewals();
  /** A view has changed since `onNodes` was called. */
  let isOther = false;
  const shared = { ...parts, onSynced() {}, ...(tuning !== undefined && { tuning }) };

  const leaseWatch = startOptionalWatch({
    ...{ api, clock, random, resource: leases, namespace: LEASE_NAMESPACE },
    onRefused: (why) => log.info({ error: why }, 'node Leases are not watched: silent nodes are not noticed by them'),
    start: () =>
      startReflector({
        ...{ ...shared, name: 'node-leases', resource: leases, namespace: LEASE_NAMESPACE, metadataOnly: true },
        project: parseNodeLease,
        store: keyedByName(putLease, renewals.forget, renewals.names),
      }),
  });
  const nodeWatch = startOptionalWatch({
    ...{ api, clock, random, resource: nodes, namespace: undefined },
    onRefused: (why) => log.info({ error: why }, 'nodes are not watched: cordons and conditions are not known'),
    start: () =>
      startReflector({
        ...{ ...shared, name: 'nodes', resource: nodes, namespace: undefined },
        onRevision() {
          if (isOther) onNodes();
          isOther = false;
        },
        project: parseNode,
        store: keyedByName(putNode, dropNode, () => views.keys()),
      }),
  });

  function putLease({ name, uid, resourceVersion }: ReturnType<typeof parseNodeLease>, isListed: boolean): Difference {
    const known = renewals.of(name);
    const now = clock.monotonic();
    const isInterrupted = isListed || (known?.lastAt ?? now) < countsFrom();
    renewals.note(name, uid, resourceVersion, now, isInterrupted);
    const isRenewed = renewals.of(name)?.lastAt === now && known?.lastAt !== now;
    if (isRenewed) onRenewal(name);
    return known === undefined ? 'added' : isRenewed ? 'modified' : null;
  }

  /** A kubelet writes its node every few minutes, and mostly nothing that counts here. */
  function putNode(node: NodeView): Difference {
    const known = views.get(node.name);
    views.set(node.name, node);
    if (known?.isCordoned === node.isCordoned && known.conditions.join() === node.conditions.join()) return null;
    isOther = true;
    return known === undefined ? 'added' : 'modified';
  }

  function dropNode(name: string): void {
    if (views.delete(name)) isOther = true;
  }

  return {
    views,
    renewals,
    names() {
      const known = new Set([...renewals.names(), ...views.keys()]);
      // A Lease may outlive its node for a while.
      if (nodeWatch.reflector()?.isSynced() === true)
        for (const name of known) if (!views.has(name)) known.delete(name);
      return known;
    },
    hasLeases: () => leaseWatch.reflector()?.isSynced() === true,
    isStale() {
      const reflector = leaseWatch.reflector();
      return reflector?.isSynced() === true && reflector.isStale();
    },
    lastGap: () => leaseWatch.reflector()?.lastGap() ?? null,
    lacks: () => [
      ...(leaseWatch.refusal() === null ? [] : [`the Leases of nodes are not watched: ${leaseWatch.refusal()}`]),
      ...(nodeWatch.refusal() === null ? [] : [`nodes are not watched: ${nodeWatch.refusal()}`]),
    ],
    asked: Promise.all([leaseWatch.asked, nodeWatch.asked]),
    async close() {
      await Promise.all([leaseWatch.close(), nodeWatch.close()]);
    },
  };
}

/** What an object that was put is to what was known of its name. */
type Difference = 'added' | 'modified' | null;

/** A store of objects of which the name alone matters. */
function keyedByName<T extends ObjectIdentity>(
  put: (object: T, isListed: boolean) => Difference,
  drop: (name: string) => void,
  known: () => Iterable<string>,
): ReflectorStore<T> {
  return {
    add: (object) => void put(object, false),
    update: (object) => void put(object, false),
    delete: ({ name }) => drop(name),
    replace(objects, unreadable) {
      const present = new Set(objects.map(({ name }) => name));
      // Of what cannot be read the last view stays, and only its uid is told.
      const gone = unreadable.size > 0 ? [] : [...known()].filter((name) => !present.has(name));
      for (const name of gone) drop(name);
      const counts = { added: 0, modified: 0, deleted: gone.length };
      for (const object of objects) {
        const difference = put(object, true);
        if (difference !== null) counts[difference] += 1;
      }
      return counts;
    },
  };
}
