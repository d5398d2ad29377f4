/**
 * createProber: asks groups of targets whether they work, and keeps a verdict about each.
 *
 * A group has a leader and others in line. The leader is asked all the time, and two of the others
 * that are not failing; the rest when they move up. At the first failure of the leader the next in
 * line are asked at once. Their verdicts are then new when the leader's is clear.
 *
 * A verdict is as old as the last probe, and what breaks the leader may break the others with it.
 * So while the leader fails, a passing verdict on another one counts only where that one has passed
 * since the leader began to fail.
 *
 * A group that asks for roles asks all of its targets, because each may become the primary. While
 * none says that it is, all are asked as often as the leader, and another answer of one asks all.
 *
 * Guarantees: without a group there is no timer and no connection. An address that the policy
 * refuses is never connected to. Every verdict is withdrawn while the prober itself seems blind
 * (S11).
 * Does not guarantee that a verdict is newer than one interval, plus what `stretch` adds.
 */

import type { Clock } from '../clock.ts';
import type { AddressPolicy } from './addressPolicy.ts';
import { createLagMonitor, STOOD_STILL_MS } from './lagMonitor.ts';
import { createMassFailureGuard } from './massFailure.ts';
import type { ProbeNetwork } from './network.ts';
import { createPace } from './pace.ts';
import type { Detail, ProbeResult, Role } from './probe.ts';
import { isSound, type Standing, type Verdict } from './standing.ts';
import { createTargetProbe, type ProbeTarget, type Rank, type TargetProbe, type TimedCheck } from './targetProbe.ts';

export interface ProbeGroup {
  readonly key: string;
  readonly check: TimedCheck;
  /** Null where no target leads. */
  readonly leader: ProbeTarget | null;
  /** The others, the next in line first. */
  readonly line: readonly ProbeTarget[];
}

export interface Observation {
  readonly uid: string;
  /** The raw check that was judged. */
  readonly check: string;
  readonly verdict: Verdict;
  readonly role?: Role;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly detail?: Detail;
}

export interface ProberOptions {
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  readonly network: ProbeNetwork;
  readonly mayProbe: AddressPolicy;
  readonly maxProbesPerSecond: number;
  /** Between a failure and the next probe, until the verdict is clear. */
  readonly repeatMs: number;
  onResult(key: string, result: ProbeResult, seconds: number): void;
  /** Verdict or role of a target of the group is another one, or the first. */
  onVerdict(key: string, uid: string, standing: Standing, before: Standing): void;
  /** All verdicts are withdrawn, or are back. */
  onSuspended(isSuspended: boolean): void;
}

export interface Prober {
  /** The group as it is now. Cheap where nothing changed. */
  update(group: ProbeGroup): void;
  remove(key: string): void;
  has(key: string): boolean;
  /** Also while all verdicts are withdrawn. Null before the first one. */
  verdictOf(key: string, uid: string): Verdict | null;
  /** The same of the role that a target says it has. */
  roleOf(key: string, uid: string): Role | null;
  /** How many targets say that they are the primary. Null without an answer to a role check. */
  primariesOf(key: string): number | null;
  /** The leader first. Null where nothing is known: no verdict yet, or all are withdrawn. */
  observationsOf(key: string): readonly Observation[] | null;
  isSuspended(): boolean;
  stretch(): number;
  /** Targets that are asked, by verdict. */
  count(): Readonly<Record<Verdict | 'unknown', number>>;
  close(): void;
}

/** Of those next in line. One may fail together with the leader. */
const NEXT_IN_LINE = 2;
/** Of one group. More would be a load on a Service whose pods all fail. */
const MAX_TARGETS = 64;

interface Group {
  check: TimedCheck;
  leader: ProbeTarget | null;
  line: readonly ProbeTarget[];
  /** By uid, the leader first. */
  probes: Map<string, TargetProbe>;
  /** Uids that have passed since the leader began to fail; null while it does not fail. */
  passedSince: Set<string> | null;
}

export function createProber(options: ProberOptions): Prober {
  const { clock, mayProbe } = options;
  const groups = new Map<string, Group>();
  const pace = createPace(options.maxProbesPerSecond, clock.monotonic);
  const lag = createLagMonitor(clock, restartCounts);
  const guard = createMassFailureGuard(clock, options.onSuspended);

  /** Every timer of a process that stood still is late, and one of them says it for all. */
  let restartedAt = Number.NEGATIVE_INFINITY;
  function restartCounts(): void {
    if (clock.monotonic() - restartedAt < STOOD_STILL_MS) return;
    restartedAt = clock.monotonic();
    for (const { probes } of groups.values()) for (const probe of probes.values()) probe.restartCounts();
  }

  /** Asks those that the order and the verdicts want asked, and no others. */
  function arrange(key: string, group: Group): void {
    const kept = new Map<string, TargetProbe>();
    const keep = (target: ProbeTarget, rank: Rank): Verdict | null => {
      const found = group.probes.get(target.uid);
      const isSame = found !== undefined && found.target.address === target.address;
      if (isSame) found.setPlace(rank, group.check);
      else found?.close();
      const probe = isSame ? found : open(key, group, target, rank);
      kept.set(target.uid, probe);
      return probe.standing().verdict;
    };

    if (group.leader !== null && mayProbe(group.leader.address)) keep(group.leader, 'leader');
    const most = asksForRoles(group) ? MAX_TARGETS : NEXT_IN_LINE;
    const rank = asksForRoles(group) && !hasPrimary(group) ? 'rival' : 'next';
    let working = 0;
    for (const target of group.line) {
      if (working >= most || kept.size >= MAX_TARGETS) break;
      if (mayProbe(target.address) && keep(target, rank) !== 'failing') working += 1;
    }
    for (const [uid, probe] of group.probes) if (!kept.has(uid)) probe.close();
    group.probes = kept;
    const leading = standingOf(group, group.leader?.uid);
    noteFailure(group, leading);
    guard.note(key, leading?.verdict ?? null);
  }

  /** Whether the leader has just begun to fail. */
  function noteFailure(group: Group, leading: Standing | null): boolean {
    const isFailing = leading !== null && (leading.verdict === 'failing' || leading.failures > 0);
    const hasBegun = isFailing && group.passedSince === null;
    if (hasBegun) group.passedSince = new Set();
    else if (!isFailing) group.passedSince = null;
    return hasBegun;
  }

  /** Whether the verdict on this target counts from now on against a leader that is failing. */
  function notePass(group: Group, uid: string, standing: Standing): boolean {
    const { passedSince } = group;
    if (passedSince === null) return false;
    if (!isSound(standing)) {
      passedSince.delete(uid);
      return false;
    }
    const isFirst = !passedSince.has(uid);
    passedSince.add(uid);
    return isFirst && standingOf(group, group.leader?.uid)?.verdict === 'failing';
  }

  function open(key: string, group: Group, target: ProbeTarget, rank: Rank): TargetProbe {
    return createTargetProbe(
      target,
      { rank, check: group.check },
      {
        ...options,
        lag,
        pace,
        onResult: (result, seconds) => options.onResult(key, result, seconds),
        onStanding: (standing, before) => onStanding(key, target, standing, before),
        onStoodStill: restartCounts,
      },
    );
  }

  function onStanding(key: string, { uid }: ProbeTarget, standing: Standing, before: Standing): void {
    const group = groups.get(key);
    if (group === undefined) return;
    const isLeader = uid === group.leader?.uid;
    if (isLeader && noteFailure(group, standing))
      for (const probe of group.probes.values()) if (probe.rank() !== 'leader') probe.probeSoon();
    const isOther = standing.verdict !== null && !isSame(standing, before);
    const isConfirmed = !isLeader && notePass(group, uid, standing);
    if (isOther) arrange(key, group);
    if (isOther && before.verdict !== null && asksForRoles(group))
      for (const probe of group.probes.values()) if (probe.target.uid !== uid) probe.probeSoon();
    if (isOther || isConfirmed) options.onVerdict(key, uid, standing, before);
  }

  function closeAll({ probes }: Group): void {
    for (const probe of probes.values()) probe.close();
    probes.clear();
  }

  return {
    update({ key, check, leader, line }) {
      const found = groups.get(key);
      if (found !== undefined && found.check.raw !== check.raw) closeAll(found);
      const group = found ?? { check, leader: null, line: [], probes: new Map(), passedSince: null };
      if (group.leader?.uid !== leader?.uid) group.passedSince = null;
      group.check = check;
      group.leader = leader;
      group.line = line;
      groups.set(key, group);
      arrange(key, group);
    },
    remove(key) {
      const group = groups.get(key);
      if (group === undefined) return;
      groups.delete(key);
      closeAll(group);
      guard.note(key, null);
    },
    has: (key) => groups.has(key),
    verdictOf: (key, uid) => standingOf(groups.get(key), uid)?.verdict ?? null,
    roleOf: (key, uid) => standingOf(groups.get(key), uid)?.role ?? null,
    primariesOf(key) {
      const roles = [...(groups.get(key)?.probes.values() ?? [])].flatMap((probe) => probe.standing().role ?? []);
      return roles.length === 0 ? null : roles.filter((role) => role === 'primary').length;
    },
    observationsOf(key) {
      const group = groups.get(key);
      if (group === undefined || guard.isSuspended()) return null;
      const observed = [...group.probes.values()]
        .filter((probe) => counts(group, probe))
        .flatMap((probe) => observe(probe, group.check.raw));
      return observed.length === 0 ? null : observed;
    },
    isSuspended: guard.isSuspended,
    stretch: pace.stretch,
    count() {
      const counts = { passing: 0, failing: 0, unknown: 0 };
      for (const { probes } of groups.values())
        for (const probe of probes.values()) counts[probe.standing().verdict ?? 'unknown'] += 1;
      return counts;
    },
    close() {
      for (const group of groups.values()) closeAll(group);
      groups.clear();
      guard.close();
      lag.close();
    },
  };
}

function standingOf(group: Group | undefined, uid: string | undefined): Standing | null {
  return uid === undefined ? null : (group?.probes.get(uid)?.standing() ?? null);
}

function asksForRoles({ check }: Group): boolean {
  return check.role !== undefined;
}

function hasPrimary({ probes }: Group): boolean {
  return [...probes.values()].some((probe) => probe.standing().role === 'primary');
}

function isSame(a: Standing, b: Standing): boolean {
  return a.verdict === b.verdict && a.role === b.role;
}

function counts({ passedSince }: Group, probe: TargetProbe): boolean {
  if (passedSince === null || probe.rank() === 'leader' || probe.standing().verdict !== 'passing') return true;
  return passedSince.has(probe.target.uid);
}

function observe(probe: TargetProbe, check: string): readonly Observation[] {
  const { verdict, role, since, detail } = probe.standing();
  if (verdict === null) return [];
  const said = { ...(role !== null && { role }), since, ...(detail !== null && { detail }) };
  return [{ uid: probe.target.uid, check, verdict, ...said }];
}
