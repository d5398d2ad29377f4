/**
 * Names the objects that a source wants. A Service or slice of another owner under one of these
 * names belongs in its snapshot.
 */

import { isOptedIn } from './optIn.ts';
import { parseSettings, type Settings } from './settings.ts';
import type { IpFamily, ServiceView } from './snapshot.ts';

/**
 * Characters of a Service name at most (RFC 1035). A name from an annotation was checked when it
 * was read, a default was not.
 */
export const MAX_NAME_LENGTH = 63;

export const defaultLeaderName = (source: string): string => `${source}-leader`;
export const defaultFollowersName = (source: string): string => `${source}-followers`;

/** Empty without the `zen-lead.io/enabled` annotation; the leader Service's name first. */
export function wantedServiceNames(source: ServiceView): readonly string[] {
  if (!isOptedIn(source)) return [];
  return namesWantedWith(source, parseSettings(source.annotations).settings);
}

/** The same where the settings have been read already. */
export function namesWantedWith(source: ServiceView, settings: Settings): readonly string[] {
  if (!isOptedIn(source)) return [];
  const leader = settings.leaderServiceName ?? defaultLeaderName(source.name);
  const followers = followersName(source.name, settings.followers);
  return followers === null ? [leader] : [leader, followers];
}

export function followersName(source: string, followers: boolean | string): string | null {
  if (typeof followers === 'string') return followers;
  return followers ? defaultFollowersName(source) : null;
}

/** Each family has a slice of its own, because addressType is immutable. */
export function sliceName(serviceName: string, family: IpFamily): string {
  return `${serviceName}-${family.toLowerCase()}`;
}
