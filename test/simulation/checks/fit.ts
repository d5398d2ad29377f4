/**
 * isFit, mayKeep: say which pods may be routed to. They are written a second time, apart from the
 * rules. So a fault in the rules' fitness cannot hide behind itself. docs/guarantees.md, S2 and S6.
 */

import { electionNames } from '../../../lib/selection/elections/electionSettings.ts';
import type { IpFamily, PodView, ServiceView } from '../../../lib/selection/snapshot.ts';

export function isFit(pod: PodView, source: ServiceView): boolean {
  const [primary = 'IPv4'] = source.ipFamilies;
  return (
    isSelected(pod, source) &&
    pod.phase === 'Running' &&
    pod.ready &&
    !pod.terminating &&
    pod.exclude !== 'true' &&
    pod.ips.some((ip) => keepsFamilies(source) || familyOf(ip) === primary)
  );
}

/**
 * A source for which no slice is made keeps the families of those that stand, whatever it asks for.
 * It is being deleted, or its list of elections cannot be read.
 */
export function keepsFamilies({ annotations, terminating }: ServiceView): boolean {
  return terminating || electionNames(annotations) === null;
}

function isSelected(pod: PodView, { selector }: ServiceView): boolean {
  const wanted = Object.entries(selector ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => pod.labels[key] === value);
}

export function familyOf(ip: string): IpFamily {
  return ip.includes(':') ? 'IPv6' : 'IPv4';
}

/**
 * The user has asked that a leader which is no longer fit be kept for a while: `hold`, `paused`,
 * `failover-min-delay`.
 */
export function mayKeep({ annotations }: ServiceView): boolean {
  const paused = annotations['zen-lead.io/paused'];
  return (
    annotations['zen-lead.io/no-leader'] === 'hold' ||
    (paused !== undefined && paused !== 'false') ||
    annotations['zen-lead.io/failover-min-delay'] !== undefined
  );
}

/** The user lets a fit leader go: a pin, or no stickiness. */
export function letsGo({ annotations }: ServiceView): boolean {
  return annotations['zen-lead.io/sticky'] === 'false' || annotations['zen-lead.io/pin-leader'] !== undefined;
}
