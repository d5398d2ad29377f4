/**
 * Plans the leader Service and its routes. docs/reference/objects.md#leader-service.
 */

import type { Route, ServicePlan, Warning } from './decision.ts';
import { addressOf } from './fitness.ts';
import { annotation } from './names.ts';
import { resolvePorts } from './resolvePorts.ts';
import type { LeaderServiceType } from './settings.ts';
import type { Situation } from './situation.ts';
import type { Candidate, Snapshot } from './snapshot.ts';
import { sliceName } from './wantedNames.ts';

export function planService({ source, read, record, snapshot }: Situation, name: string): ServicePlan {
  const typeIsUnreadable = read.unreadable.some((each) => each.annotation === annotation.leaderServiceType);
  const type = typeIsUnreadable ? currentType(record.service?.type) : read.settings.leaderServiceType;
  const mirrored = mirror(source, snapshot);
  // A headless Service is always of type ClusterIP.
  return { ...mirrored, name, role: 'leader', type: mirrored.headless ? 'ClusterIP' : type };
}

/** Takes from the source what both our Services mirror. Its labels and policies stay behind. */
export function mirror(
  source: Situation['source'],
  { election }: Pick<Snapshot, 'election'>,
): Omit<ServicePlan, 'name' | 'role' | 'type'> {
  const name = election?.election ?? '';
  return {
    ...(name !== '' && { election: name }),
    // The API demands ports of every Service that is not headless.
    headless: source.ports.length === 0,
    ports: source.ports,
    ipFamilies: source.ipFamilies,
    ...(source.ipFamilyPolicy !== undefined && { ipFamilyPolicy: source.ipFamilyPolicy }),
  };
}

function currentType(type: string | undefined): LeaderServiceType {
  return type === 'LoadBalancer' || type === 'NodePort' ? type : 'ClusterIP';
}

export interface PlannedRoutes {
  readonly routes: readonly Route[];
  readonly warnings: readonly Warning[];
}

/** Plans one route per family, the primary first. The ports are those of the chosen pod. */
export function planRoutes(
  { source, families, snapshot }: Situation,
  serviceName: string,
  pod: Candidate | null,
): PlannedRoutes {
  const { ports, missing } = resolvePorts(source.ports, pod);
  return {
    routes: families.map((family) => ({
      family,
      sliceName: sliceName(serviceName, family, snapshot.election?.slot),
      address: pod === null ? null : addressOf(pod, family),
      ports,
    })),
    warnings: missing.map((port) => ({
      reason: 'PortResolutionFailed',
      value: port,
      message: `Pod "${pod?.name}" has no port named "${port}": Service "${serviceName}" does not route it.`,
    })),
  };
}
