/**
 * annotationsOf: gives one election the annotations of its source as the rules read them: its own
 * values without the prefix, and for the rest those of the whole source.
 *
 * Guarantees: pure. What one election reads does not depend on the prefix of another one.
 */

import type { Warning } from '../decision.ts';
import { annotation, electionOf, isKnownAnnotation } from '../names.ts';
import { parseBoolean } from '../settings.ts';
import {
  activeOf,
  electionNames,
  MAX_ACTIVE,
  MAX_ELECTIONS,
  parseSpread,
  prefixed,
  readOwn,
  spreads,
} from './electionSettings.ts';

type Annotations = Readonly<Record<string, string>>;

/** What an election may have a value of its own for. A check asks the pod, not one election. */
const perElection: readonly string[] = [
  annotation.active,
  annotation.spread,
  annotation.leaderServiceName,
  annotation.sticky,
  annotation.strategy,
  annotation.preferredNodes,
  annotation.preferredZones,
  annotation.minReadyDuration,
  annotation.failoverMinDelay,
  annotation.noLeader,
  annotation.portsMode,
  annotation.pinLeader,
  annotation.paused,
  annotation.followers,
  annotation.leaderServiceType,
  annotation.onDemote,
  annotation.onCordon,
  annotation.handover,
  annotation.handoverOverlap,
];

export interface ElectionAnnotations {
  readonly annotations: Annotations;
  /** Where an annotation was written under the election's prefix: how, by its name without it. */
  readonly keys: Annotations;
}

export function annotationsOf(annotations: Annotations, election: string): ElectionAnnotations {
  if (election === '') return { annotations, keys: {} };
  const own: Record<string, string> = {};
  const keys: Record<string, string> = {};
  for (const key of perElection) {
    const value = annotations[prefixed(election, key)];
    if (value === undefined) continue;
    own[key] = value;
    keys[key] = prefixed(election, key);
  }
  const isOfOther = (key: string): boolean => {
    const found = electionOf(key);
    return found !== null && (found.election !== election || keys[found.key] !== undefined);
  };
  const shared = Object.entries(withoutShared(annotations)).filter(([key]) => !isOfOther(key));
  return { annotations: { ...Object.fromEntries(shared), ...own }, keys };
}

/** A name is of one Service, so no election takes it from the whole source. */
function withoutShared(annotations: Annotations): Annotations {
  const { [annotation.leaderServiceName]: _name, [annotation.followers]: followers, ...rest } = annotations;
  const isName = followers !== undefined && parseBoolean(followers) === null;
  return isName || followers === undefined ? rest : { ...rest, [annotation.followers]: followers };
}

/** Of misspelt prefixes. A tenant may write thousands. */
const MAX_NAMED = 4;

/** What the user wrote about elections that has no effect, or cannot be read. */
export function electionWarnings(annotations: Annotations): readonly Warning[] {
  const names = electionNames(annotations);
  const listed = annotations[annotation.elections];
  const warnings: Warning[] = [];
  if (names === null)
    warnings.push(unreadable(annotation.elections, listed, `up to ${MAX_ELECTIONS} DNS labels, separated by commas`));
  for (const name of names ?? [])
    if (activeOf(annotations, name) === null)
      warnings.push(
        unreadable(
          writtenAs(annotations, name, annotation.active),
          readOwn(annotations, name, annotation.active),
          `a whole number from 1 to ${MAX_ACTIVE}`,
        ),
      );
  for (const name of names ?? []) {
    const spread = readOwn(annotations, name, annotation.spread);
    if (spread !== undefined && parseSpread(spread) === null)
      warnings.push(unreadable(writtenAs(annotations, name, annotation.spread), spread, spreads.join(', ')));
  }
  if (listed === undefined) return warnings;
  return [...warnings, ...ignoredNames(annotations), ...misplaced(annotations, names ?? [])];
}

function ignoredNames(annotations: Annotations): readonly Warning[] {
  const followers = annotations[annotation.followers];
  const isName = followers !== undefined && parseBoolean(followers) === null;
  return [
    ...(annotations[annotation.leaderServiceName] === undefined ? [] : [annotation.leaderServiceName]),
    ...(isName ? [annotation.followers] : []),
  ].map((key) => ignored(key, annotations[key], `beside ${annotation.elections} it needs the prefix of an election`));
}

function misplaced(annotations: Annotations, names: readonly string[]): readonly Warning[] {
  return Object.keys(annotations)
    .toSorted()
    .flatMap((key) => {
      const found = electionOf(key);
      if (found === null) return [];
      if (!names.includes(found.election))
        return names.length === 0
          ? []
          : [ignored(key, annotations[key], `${annotation.elections} has no election "${found.election}"`)];
      const isOfSource = isKnownAnnotation(found.key) && !perElection.includes(found.key);
      return isOfSource ? [ignored(key, annotations[key], 'it is of the whole Service: write it without prefix')] : [];
    })
    .slice(0, MAX_NAMED);
}

function writtenAs(annotations: Annotations, election: string, key: string): string {
  const own = prefixed(election, key);
  return election !== '' && annotations[own] !== undefined ? own : key;
}

function unreadable(key: string, value: string | undefined, expected: string): Warning {
  const shown = (value ?? '').slice(0, 64);
  const message = `${key} cannot be read: ${JSON.stringify(shown)}. It accepts ${expected}.`;
  return { reason: 'InvalidAnnotation', value: `${key}=${shown}`, message };
}

function ignored(key: string, value: string | undefined, why: string): Warning {
  const shown = (value ?? '').slice(0, 64);
  return { reason: 'InvalidAnnotation', value: `${key}=${shown}`, message: `${key} has no effect: ${why}.` };
}
