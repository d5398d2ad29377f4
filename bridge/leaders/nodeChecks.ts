/**
 * createNodeChecks: says of the nodes of a Service's pods what stands against them, and which
 * Services have to be decided on when that changes.
 *
 * Guarantees: an answer at once, from memory. A Service none of whose nodes has a fault has no
 * observations of nodes, with two exceptions. Where a node was the reason for its last election,
 * the rules have to know that the node is well again. Where they choose by zones, and a pod has no
 * label that says its zone, the node says it.
 */

import { annotation } from '../../lib/selection/names.ts';
import { nodeReasons } from '../../lib/selection/nodeFault.ts';
import { MAX_NODE_OBSERVATIONS, type NodeObservation } from '../../lib/selection/observation.ts';
import type { PodView, Uid } from '../../lib/selection/snapshot.ts';
import {
  type NodeHealth,
  type NodeHealthContext,
  type NodeHealthOptions,
  startNodeHealth,
} from '../nodes/nodeHealth.ts';
import type { NodeAddress } from '../nodes/portCheck.ts';
import type { Lane, Source } from '../queue/concern.ts';
import type { LeaderStore } from './leaderStore.ts';
import type { NamespaceIndex } from './namespaceIndex.ts';

/** Something else is known of the node of a pod. */
export interface NodeChange {
  readonly source: Source;
  readonly podName: string;
  readonly podUid: Uid;
  readonly lane: Lane;
}

interface NodeChecksContext extends Omit<NodeHealthContext, 'addresses' | 'onChange'> {
  readonly store: LeaderStore;
  noteNode(change: NodeChange): void;
}

export interface NodeChecks extends Pick<NodeHealth, 'lacks' | 'asked' | 'close'> {
  /** The leader's node first. Undefined where nothing is to be said. */
  nodesOf(source: Source): readonly NodeObservation[] | undefined;
}

export function createNodeChecks(options: NodeHealthOptions, context: NodeChecksContext): NodeChecks {
  const { store } = context;
  const health = startNodeHealth(options, { ...context, addresses, onChange });

  /** The leaders of a Service are known by its routes. */
  function leadersOf(index: NamespaceIndex, source: string): readonly PodView[] {
    return [...index.routes(source).values()].flatMap((routed) =>
      routed === null ? [] : (index.pods.byName.get(routed.name) ?? []),
    );
  }

  function addresses(): readonly NodeAddress[] {
    const found: NodeAddress[] = [];
    const add = ({ nodeName, hostIp }: PodView, holdsLeader: boolean): void => {
      if (nodeName !== undefined && hostIp !== undefined) found.push({ node: nodeName, address: hostIp, holdsLeader });
    };
    for (const { index, name } of sources()) {
      for (const leader of leadersOf(index, name)) add(leader, true);
      for (const pod of index.pods.members(name).values()) add(pod, false);
    }
    return found;
  }

  function* sources(): Iterable<{ namespace: string; name: string; index: NamespaceIndex }> {
    for (const [namespace, index] of store.namespaces())
      for (const name of index.sources()) yield { namespace, name, index };
  }

  function onChange(names: ReadonlySet<string>): void {
    const isThere = ({ nodeName }: PodView): boolean => nodeName !== undefined && names.has(nodeName);
    for (const { namespace, name, index } of sources()) {
      const leaders = leadersOf(index, name);
      const pod = [...leaders, ...index.pods.members(name).values()].find(isThere);
      if (pod === undefined) continue;
      const lane = leaders.includes(pod) && health.isNotable(pod.nodeName ?? '') ? 'failover' : 'change';
      context.noteNode({ source: { namespace, name }, podName: pod.name, podUid: pod.uid, lane });
    }
  }

  return {
    nodesOf({ namespace, name }) {
      const index = store.namespace(namespace);
      const isNeeded = wasNodeReason(index, name) || asksForZones(index, name);
      if (!health.isAnyNotable() && !isNeeded) return undefined;
      const leaders = leadersOf(index, name);
      const pods = [...leaders, ...index.pods.members(name).values()];
      const names = [...new Set(pods.flatMap(({ nodeName }) => nodeName ?? []))];
      const needsZones = asksForZones(index, name) && pods.some(({ zone }) => zone === undefined);
      if (!names.some(health.isNotable) && !wasNodeReason(index, name) && !needsZones) return undefined;
      // Of too many nodes those with a fault come before the others, and the leader's before all.
      const rank = (node: string): number =>
        leaders.some(({ nodeName }) => nodeName === node) ? 0 : health.isNotable(node) ? 1 : 2;
      const observed = names
        .toSorted((a, b) => rank(a) - rank(b))
        .slice(0, MAX_NODE_OBSERVATIONS)
        .flatMap((node) => {
          const report = health.reportOf(node);
          const zone = needsZones ? health.zoneOf(node) : undefined;
          return report === undefined ? [] : [{ name: node, ...report, ...(zone !== undefined && { zone }) }];
        });
      return observed.length === 0 ? undefined : observed;
    },
    lacks: health.lacks,
    asked: health.asked,
    close: health.close,
  };
}

/** What decides by zones, as the user wrote it. */
function asksForZones({ services }: NamespaceIndex, source: string): boolean {
  // One of several elections may ask for them under its prefix.
  return Object.entries(services.byName.get(source)?.annotations ?? {}).some(
    ([key, value]) =>
      key.endsWith(annotation.preferredZones) || (value === 'zone-aware' && key.endsWith(annotation.strategy)),
  );
}

function wasNodeReason({ ourSlices }: NamespaceIndex, source: string): boolean {
  for (const name of ourSlices.oursFor(source)) {
    const reason = ourSlices.byName.get(name)?.annotations[annotation.reason];
    if (reason !== undefined && nodeReasons.has(reason)) return true;
  }
  return false;
}
