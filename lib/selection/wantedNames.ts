/**
 * Names the objects that a source wants. A Service or slice of another owner under one of these
 * names belongs in its snapshot.
 */

import { annotationsOf } from './elections/annotationsOf.ts';
import { activeOf, asksForElections, electionNames } from './elections/electionSettings.ts';
import { isOptedIn } from './optIn.ts';
import { parseSettings, type Settings } from './settings.ts';
import type { IpFamily, ServiceView } from './snapshot.ts';

/**
 * Characters of a Service name at most (RFC 1035). A name from an annotation was checked when it
 * was read, a default was not.
 */
export const MAX_NAME_LENGTH = 63;

export const defaultLeaderName = (source: string, election = ''): string =>
  `${source}-${election === '' ? 'leader' : election}`;
export const defaultFollowersName = (source: string, election = ''): string =>
  election === '' ? `${source}-followers` : `${source}-${election}-followers`;

/** Empty without the `zen-lead.io/enabled` annotation; the leader Service's name first. */
export function wantedServiceNames(source: ServiceView): readonly string[] {
  if (!isOptedIn(source)) return [];
  const { annotations } = source;
  if (!asksForElections(annotations)) return namesWantedWith(source, parseSettings(annotations).settings);
  const names = (electionNames(annotations) ?? ['']).flatMap((election) =>
    namesWantedWith(source, parseSettings(annotationsOf(annotations, election).annotations).settings, election),
  );
  return [...new Set(names)];
}

/** The same of one election, whose settings have been read already. */
export function namesWantedWith(source: ServiceView, settings: Settings, election = ''): readonly string[] {
  if (!isOptedIn(source)) return [];
  const leader = settings.leaderServiceName ?? defaultLeaderName(source.name, election);
  const followers = followersName(source.name, settings.followers, election);
  return followers === null ? [leader] : [leader, followers];
}

export function followersName(source: string, followers: boolean | string, election = ''): string | null {
  if (typeof followers === 'string') return followers;
  return followers ? defaultFollowersName(source, election) : null;
}

/**
 * Each family has a slice of its own, because addressType is immutable. So has each slot of a pool,
 * whose first one is named as if it were alone.
 */
export function sliceName(serviceName: string, family: IpFamily, slot = 0): string {
  return `${serviceName}${slot === 0 ? '' : `-${slot}`}-${family.toLowerCase()}`;
}

/** The names of the slices that a source may want under this Service, of every slot and family. */
export function wantedSliceNames(serviceName: string, source: ServiceView | null): readonly string[] {
  return Array.from({ length: slotsWanted(source) }, (_, slot) => [
    sliceName(serviceName, 'IPv4', slot),
    sliceName(serviceName, 'IPv6', slot),
  ]).flat();
}

/** Of its largest pool. */
function slotsWanted(source: ServiceView | null): number {
  if (source === null || !asksForElections(source.annotations)) return 1;
  const { annotations } = source;
  return Math.max(1, ...(electionNames(annotations) ?? ['']).map((election) => activeOf(annotations, election) ?? 1));
}
