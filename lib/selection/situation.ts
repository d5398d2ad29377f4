/**
 * readSituation: reads the snapshot of one Service once. `assess` and `explain` start here, so that
 * their parts cannot understand the same snapshot differently.
 */

import type { ChoiceInput } from './choose.ts';
import type { Warning } from './decision.ts';
import { barredBy } from './demotion.ts';
import { electionNames } from './elections/electionSettings.ts';
import type { ElectionView } from './elections/electionView.ts';
import { toFitnessRules } from './fitness.ts';
import { annotation } from './names.ts';
import { joinVerdicts, reportedUnfit } from './outsideVerdict.ts';
import type { Owned } from './ownership.ts';
import { type LeaderRecord, readOwn } from './record.ts';
import { isStanding, toReplicas } from './scaleRecord.ts';
import { parseSettings, type ReadSettings } from './settings.ts';
import type { IpFamily, ServiceView, Snapshot } from './snapshot.ts';
import { sliceName } from './wantedNames.ts';
import { podWarnings, settingsWarnings } from './warnings.ts';

export interface Situation {
  readonly snapshot: Snapshot;
  readonly source: ServiceView;
  /**
   * What exists is kept in step, and nothing is made: the source is being deleted, or other owners
   * of the names are not known.
   */
  readonly makesNothing: boolean;
  readonly read: ReadSettings;
  readonly owned: Owned;
  readonly record: LeaderRecord;
  /** False also for `enabled` that cannot be read, unless one of our objects already exists. */
  readonly isEnabled: boolean;
  /** True when the source can select pods: it has a selector and is not an ExternalName. */
  readonly isRoutable: boolean;
  /** Primary first, never empty. */
  readonly families: readonly IpFamily[];
  readonly choice: ChoiceInput;
  /** About what the user wrote, on the Service and on its pods. */
  readonly warnings: readonly Warning[];
}

const bothFamilies = ['IPv4', 'IPv6'] as const;

const checkAnnotations = [
  annotation.healthCheck,
  annotation.healthCheckInterval,
  annotation.healthCheckTimeout,
  annotation.healthCheckFailureThreshold,
  annotation.healthCheckSuccessThreshold,
  annotation.roleCheck,
  annotation.roleCheckSend,
  annotation.roleCheckExpect,
];

/**
 * Null when the source is gone, or is going and has no route left that could be wrong. `now`: epoch
 * milliseconds, by which reports from outside have ended or not.
 */
export function readSituation(snapshot: Snapshot, now: number): Situation | null {
  const { source } = snapshot;
  if (source === null) return null;
  const read = parseSettings(source.annotations);
  const { election } = snapshot;
  const own = readOwn(snapshot);
  const { owned } = own;
  if (source.terminating && owned.slices.length === 0) return null;
  const record = withVerdictsOf(election, own.record);
  const isUnreadable = (key: string): boolean => read.unreadable.some((each) => each.annotation === key);
  const exists = owned.services.length + owned.slices.length > 0;
  const makesNothing = source.terminating || areNamesUnknown(source, election);
  const families = familiesOf(source, owned, record, makesNothing, election?.slot);

  const rules = toFitnessRules(read.settings, source.ports, families[0] ?? 'IPv4', snapshot.observer);
  // A ports-mode that cannot be read does not take an endpoint away that is routed to now.
  const keepsPorts = isUnreadable(annotation.portsMode) && record.routedAddress !== null;
  const warningsOnPods = podWarnings(snapshot.candidates, read.settings.strategy);
  return {
    snapshot,
    source,
    makesNothing,
    read,
    owned,
    record,
    // What was scaled down is restored first, and the leader stays until then.
    isEnabled:
      owesReplicas(record, election?.slot) ||
      (election?.isWanted !== false && (isUnreadable(annotation.enabled) ? exists : read.settings.enabled)),
    isRoutable: source.type !== 'ExternalName' && Object.keys(source.selector ?? {}).length > 0,
    families,
    choice: {
      candidates: snapshot.candidates,
      record,
      settings: read.settings,
      rules: {
        ...rules,
        ...(keepsPorts && { requirePorts: false }),
        demoted: barredBy(record),
        ...(election !== undefined && { taken: election.taken, barred: election.barred }),
        // The application's own election is followed, whatever others say.
        ...(read.settings.roleCheck === null && { reported: reportedUnfit(record.verdicts, now) }),
      },
      sourceUid: source.uid,
      ...(election !== undefined && {
        seed: `${source.uid}/${election.election}/${election.slot}`,
        avoided: election.avoided,
      }),
      hasUnreadable: read.unreadable.length + warningsOnPods.length > 0 || election?.hasUnreadable === true,
      hasUnreadableCheck: checkAnnotations.some(isUnreadable),
    },
    warnings: [...(election?.warnings ?? []), ...settingsWarnings(read, election?.keys), ...warningsOnPods],
  };
}

/**
 * By the record, or by the leader Service alone, where a hand has taken the record away. The first
 * slot of a pool restores.
 */
function owesReplicas({ scale, service }: LeaderRecord, slot = 0): boolean {
  return isStanding(scale) || (slot === 0 && toReplicas(service?.annotations[annotation.scaleRestore]) !== null);
}

/** A report is of the pod, whichever election it stands with. */
function withVerdictsOf(election: ElectionView | undefined, record: LeaderRecord): LeaderRecord {
  if (election === undefined || election.verdicts.length === 0) return record;
  return { ...record, verdicts: joinVerdicts(record.verdicts, election.verdicts) };
}

/**
 * With a list of elections that cannot be read, those that have objects stay. Who else has one of
 * their names is not in the snapshot, because it holds the names that the source wants.
 */
function areNamesUnknown({ annotations }: ServiceView, election: ElectionView | undefined): boolean {
  return election !== undefined && election.election !== '' && electionNames(annotations) === null;
}

/**
 * A source without families (ExternalName) keeps those that its slices already have. So does one
 * for which no slice is made: the ones that it has route until it is gone.
 */
function familiesOf(
  source: ServiceView,
  owned: Owned,
  record: LeaderRecord,
  makesNothing: boolean,
  slot = 0,
): readonly IpFamily[] {
  if (makesNothing) {
    const name = record.leaderServiceName ?? '';
    const standing = [...source.ipFamilies, ...bothFamilies].filter((family) =>
      owned.slices.some((slice) => slice.name === sliceName(name, family, slot)),
    );
    if (standing.length > 0) return [...new Set(standing)];
  }
  if (source.ipFamilies.length > 0) return source.ipFamilies;
  const types = new Set(owned.slices.map((slice) => slice.spec?.addressType));
  const known = bothFamilies.filter((family) => types.has(family));
  return known.length > 0 ? known : ['IPv4'];
}
