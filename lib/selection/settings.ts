/**
 * parseSettings: reads the annotations of a source Service as the rules use them.
 * docs/reference/annotations.md.
 *
 * Guarantees: never throws. A value that cannot be read is listed in `unreadable` and its default
 * stands in `Settings`. `decide` decides what that may and may not change.
 */

import { excerpt, isTooLong, MAX_VALUE_LENGTH } from './boundValue.ts';
import { type CandidateCondition, candidateConditions } from './candidateCondition.ts';
import { DEFAULT_OVERLAP_MS, type Handover, handovers, MAX_OVERLAP_MS } from './handover.ts';
import type { HealthCheckSettings } from './healthCheck.ts';
import { annotation } from './names.ts';
import { type OnCordon, onCordonValues } from './onCordon.ts';
import { type OnDemote, onDemoteValues } from './onDemote.ts';
import { parseDuration } from './parseDuration.ts';
import { MAX_PREFERRED, parsePreferred } from './preference.ts';
import { readChecks } from './readChecks.ts';
import type { RoleCheckSettings } from './roleCheck.ts';
import { DEFAULT_AFTER_MS, MAX_WARM, parseWarm } from './warm.ts';

export const strategies = ['oldest', 'newest', 'random', 'node-aware', 'zone-aware', 'priority', 'weighted'] as const;
export type Strategy = (typeof strategies)[number];
export const leaderServiceTypes = ['ClusterIP', 'LoadBalancer', 'NodePort'] as const;
export type LeaderServiceType = (typeof leaderServiceTypes)[number];

export interface Settings {
  readonly enabled: boolean;
  /** Null for `<service>-leader`. */
  readonly leaderServiceName: string | null;
  readonly sticky: boolean;
  readonly strategy: Strategy;
  /** By which condition pods are judged. */
  readonly candidateCondition: CandidateCondition;
  /** Names of nodes, the most preferred first, without duplicates. */
  readonly preferredNodes: readonly string[];
  /** Values of the zone label, the most preferred first, without duplicates. */
  readonly preferredZones: readonly string[];
  readonly minReadyMs: number;
  readonly failoverMinDelayMs: number;
  readonly noLeader: 'clear' | 'hold';
  readonly portsMode: 'strict' | 'lenient';
  readonly pinLeader: string | null;
  readonly paused: boolean;
  /** A name, or whether to use `<service>-followers`. */
  readonly followers: boolean | string;
  readonly leaderServiceType: LeaderServiceType;
  /**
   * Null where none is asked for, where the annotation cannot be read, and beside a role check,
   * which decides alone.
   */
  readonly healthCheck: HealthCheckSettings | null;
  /** Null where none is asked for, or where the annotations cannot be read. */
  readonly roleCheck: RoleCheckSettings | null;
  /** What becomes of a leader that is left because it does not work. */
  readonly onDemote: OnDemote;
  /** Whether a leader leaves a node that is cordoned, before a drain ends it. */
  readonly onCordon: OnCordon;
  /** How many pods beside the leader the workload is scaled down to. Null where it is not. */
  readonly scaleDown: number | null;
  /** How long the leader has led unmoved before that, milliseconds. */
  readonly scaleDownAfterMs: number;
  /** Whether a fit leader that is left stays in the route beside the new one for a while. */
  readonly handover: Handover;
  /** How long the new leader is Ready behind the route before the other one goes. */
  readonly handoverOverlapMs: number;
}

export interface Unreadable {
  readonly annotation: string;
  /** The first 64 characters. */
  readonly value: string;
  /** What would be accepted. */
  readonly expected: string;
}

export interface ReadSettings {
  readonly settings: Settings;
  /** In the order of docs/reference/annotations.md. */
  readonly unreadable: readonly Unreadable[];
}

/** RFC 1035 label as Kubernetes validates the name of a Service. */
const dns1035 = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** RFC 1123 subdomain, the name of a pod. */
const dns1123 = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export function parseBoolean(text: string): boolean | null {
  return text === 'true' ? true : text === 'false' ? false : null;
}

/** A reconcile asks some six times, and the source of a Service stays the same for many of them. */
const known = new WeakMap<Readonly<Record<string, string>>, ReadSettings>();

export function parseSettings(annotations: Readonly<Record<string, string>>): ReadSettings {
  const read = known.get(annotations) ?? readSettings(annotations);
  known.set(annotations, read);
  return read;
}

function readSettings(annotations: Readonly<Record<string, string>>): ReadSettings {
  const unreadable: Unreadable[] = [];

  function read<T>(key: string, fallback: T, expected: string, parse: (text: string) => T | null): T {
    const text = annotations[key];
    if (text === undefined) return fallback;
    const tooLong = isTooLong(text);
    const value = tooLong ? null : parse(text);
    if (value !== null) return value;
    const accepted = tooLong ? `at most ${MAX_VALUE_LENGTH} characters: ${expected}` : expected;
    unreadable.push({ annotation: key, value: excerpt(text), expected: accepted });
    return fallback;
  }
  const readBoolean = (key: string, fallback: boolean, whenUnreadable = fallback): boolean =>
    read(key, annotations[key] === undefined ? fallback : whenUnreadable, '"true" or "false"', parseBoolean);
  const readDuration = (key: string, fallback = 0): number =>
    read(key, fallback, 'a Go duration that is not negative, such as "30s"', parseDuration);
  const readOne = <T extends string>(key: string, values: readonly T[], fallback: T): T =>
    read(key, fallback, values.join(', '), (text) => values.find((value) => value === text) ?? null);
  const readPreferred = (key: string, what: string): readonly string[] =>
    read<readonly string[]>(key, [], `up to ${MAX_PREFERRED} ${what}, separated by commas`, parsePreferred);
  const readName = (text: string): string | null => (dns1035.test(text) ? text : null);

  const settings: Settings = {
    enabled: readBoolean(annotation.enabled, false),
    leaderServiceName: read<string | null>(annotation.leaderServiceName, null, 'a DNS-1035 label', readName),
    sticky: readBoolean(annotation.sticky, true),
    strategy: readOne(annotation.strategy, strategies, 'oldest'),
    candidateCondition: readOne(annotation.candidateCondition, candidateConditions, 'Ready'),
    preferredNodes: readPreferred(annotation.preferredNodes, 'names of nodes'),
    preferredZones: readPreferred(annotation.preferredZones, 'zones'),
    minReadyMs: readDuration(annotation.minReadyDuration),
    failoverMinDelayMs: readDuration(annotation.failoverMinDelay),
    noLeader: readOne(annotation.noLeader, ['clear', 'hold'], 'clear'),
    portsMode: readOne(annotation.portsMode, ['strict', 'lenient'], 'strict'),
    pinLeader: read<string | null>(annotation.pinLeader, null, 'the name of a pod', (text) =>
      text.length <= 253 && dns1123.test(text) ? text : null,
    ),
    // The user who wrote this wanted to freeze the leader. In doubt it is frozen.
    paused: readBoolean(annotation.paused, false, true),
    followers: read<boolean | string>(
      annotation.followers,
      false,
      '"true", "false" or a DNS-1035 label',
      (text) => parseBoolean(text) ?? readName(text),
    ),
    leaderServiceType: readOne(annotation.leaderServiceType, leaderServiceTypes, 'ClusterIP'),
    ...readChecks(read, annotations),
    // A value that cannot be read deletes no pod.
    onDemote: readOne(annotation.onDemote, onDemoteValues, 'none'),
    onCordon: readOne(annotation.onCordon, onCordonValues, 'stay'),
    scaleDown: read<number | null>(annotation.scaleDown, null, `a whole number from 0 to ${MAX_WARM}`, parseWarm),
    scaleDownAfterMs: readDuration(annotation.scaleDownAfter, DEFAULT_AFTER_MS),
    handover: readOne(annotation.handover, handovers, 'gap'),
    handoverOverlapMs: read(annotation.handoverOverlap, DEFAULT_OVERLAP_MS, 'a Go duration up to "5m"', parseOverlap),
  };
  return { settings, unreadable };
}

/** Longer is most likely a slip, and two pods would take traffic for as long. */
function parseOverlap(text: string): number | null {
  const value = parseDuration(text);
  return value === null || value > MAX_OVERLAP_MS ? null : value;
}
