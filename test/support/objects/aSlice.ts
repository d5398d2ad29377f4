/**
 * Builds slices that zen-lead owns, and those of other controllers, as the watches deliver them.
 */

import type { ServiceView, SliceView } from '../../../lib/selection/snapshot.ts';
import { aService, uidOf, version } from './builders.ts';

export interface LeaderSliceOptions {
  readonly source?: string;
  /** Null when no pod is routed to. */
  readonly pod: string | null;
  readonly address?: string;
  readonly family?: 'IPv4' | 'IPv6';
}

export function aLeaderSlice({ source = 'postgres', pod, address, family = 'IPv4' }: LeaderSliceOptions): SliceView {
  const number = Number(/\d+$/.exec(pod ?? '')?.[0] ?? 0);
  const endpoint = pod !== null && {
    addresses: [address ?? `10.0.0.${number + 1}`],
    ready: true,
    serving: true,
    terminating: false,
    targetRef: { kind: 'Pod', namespace: 'shop', name: pod, uid: uidOf(pod) },
  };
  return aSlice({
    name: `${source}-leader-${family.toLowerCase()}`,
    serviceName: `${source}-leader`,
    managedBy: 'zen-lead.io',
    annotations: {
      'zen-lead.io/epoch': '7',
      'zen-lead.io/pods-revision': '100',
      'zen-lead.io/leader-last-switch-time': '2025-12-31T23:59:00.000Z',
      ...(pod !== null && { 'zen-lead.io/leader-pod-name': pod, 'zen-lead.io/leader-pod-uid': uidOf(pod) }),
    },
    owner: { kind: 'Service', name: source, uid: uidOf(source) },
    spec: { addressType: family, endpoints: endpoint ? [endpoint] : [], ports: [] },
  });
}

export function aSlice(overrides: Partial<SliceView> & { readonly name: string }): SliceView {
  return {
    namespace: 'shop',
    uid: uidOf(overrides.name),
    resourceVersion: version(1),
    serviceName: null,
    managedBy: 'endpointslice-controller.k8s.io',
    annotations: {},
    owner: null,
    terminating: false,
    spec: null,
    ...overrides,
  };
}

export function aLeaderService(source = 'postgres', overrides: Partial<ServiceView> = {}): ServiceView {
  return {
    ...aService({}, { name: `${source}-leader`, selector: null }),
    annotations: {},
    labels: { 'app.kubernetes.io/managed-by': 'zen-lead', 'zen-lead.io/source-service': source },
    owner: { kind: 'Service', name: source, uid: uidOf(source) },
    ...overrides,
  };
}

export function aForeignService(name: string, overrides: Partial<ServiceView> = {}): ServiceView {
  return { ...aService({}, { name }), annotations: {}, ...overrides };
}
