/**
 * Builds the objects of a snapshot. A test writes only what it is about.
 */

import type { NodeObservation, Observations, PodObservation } from '../../../lib/selection/observation.ts';
import type { Candidate, PodView, ResourceVersion, ServiceView, Uid } from '../../../lib/selection/snapshot.ts';

/** 2026-01-01T00:00:00Z, an instant to count from. */
export const T0 = Date.UTC(2026, 0, 1);
export const uidOf = (name: string): Uid => `uid-${name}` as Uid;
export const version = (n: number | string): ResourceVersion => String(n) as ResourceVersion;

export function aPod(overrides: Partial<PodView> & { readonly name: string }): PodView {
  const number = Number(/\d+$/.exec(overrides.name)?.[0] ?? 0);
  return {
    namespace: 'shop',
    uid: uidOf(overrides.name),
    labels: { app: 'postgres' },
    createdAt: T0 - 3_600_000 + number * 1_000,
    phase: 'Running',
    ready: true,
    readyChangedAt: T0 - 1_800_000,
    terminating: false,
    ips: [`10.0.0.${number + 1}`],
    nodeName: `node-${number}`,
    zone: `zone-${number}`,
    ports: [{ name: 'pg', port: 5432, protocol: 'TCP' }],
    ...overrides,
  };
}

export function aService(
  annotations: Readonly<Record<string, string>> = {},
  overrides: Partial<ServiceView> = {},
): ServiceView {
  const named = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`zen-lead.io/${key}`, value]));
  return {
    namespace: 'shop',
    name: 'postgres',
    uid: uidOf(overrides.name ?? 'postgres'),
    resourceVersion: version(1),
    labels: {},
    annotations: { 'zen-lead.io/enabled': 'true', ...named },
    owner: null,
    terminating: false,
    type: 'ClusterIP',
    headless: false,
    selector: { app: 'postgres' },
    ports: [{ name: '', protocol: 'TCP', port: 5432, targetPort: 5432 }],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    ...overrides,
  };
}

export function aCandidate(overrides: Partial<Candidate> & { readonly name: string }): Candidate {
  const { namespace: _namespace, labels: _labels, ...pod } = aPod(overrides);
  return { ...pod, selected: true, ...overrides };
}

/** What `bridge-0` says of pods by the check `tcp://:5432`, each a name and what is special. */
export function observed(pods: Readonly<Record<string, Partial<PodObservation>>>): Observations {
  return {
    observer: 'bridge-0',
    pods: Object.entries(pods).map(([name, pod]) => ({
      uid: uidOf(name),
      check: 'tcp://:5432',
      verdict: 'passing',
      since: T0 - 60_000,
      ...pod,
    })),
  };
}

/** What `bridge-0` says of nodes, each a name and what is special. No pod is checked. */
export function observedNodes(nodes: Readonly<Record<string, Partial<NodeObservation>>>): Observations {
  return {
    observer: 'bridge-0',
    pods: [],
    nodes: Object.entries(nodes).map(([name, node]) => ({ name, verdict: 'alive', since: T0 - 60_000, ...node })),
  };
}
