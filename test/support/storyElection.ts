/**
 * StoryElection: lets the stories of a Service with one election run under an election by name.
 * With `ZEN_LEAD_TEST_ELECTION=x` what a story writes and reads as `web-leader` is `web-x` in the
 * cluster, and its annotations have the prefix `x.`.
 *
 * A story notices nothing of it, so what it checks has to hold for the election as well.
 */

import { prefixed } from '../../lib/selection/elections/electionSettings.ts';
import { annotation } from '../../lib/selection/names.ts';

export const storyElection = process.env['ZEN_LEAD_TEST_ELECTION'] ?? '';

/** What an election may have for itself (lib/selection/elections/annotationsOf.ts). */
const ofElection: readonly string[] = [
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

type Annotations = Readonly<Record<string, string>>;

/** Of the source, as a story writes them. */
export function toElection(annotations: Annotations): Annotations {
  if (storyElection === '' || annotations[annotation.enabled] === undefined) return annotations;
  const own = Object.entries(annotations).map(([key, value]) => [toKey(key), value] as const);
  return { [annotation.elections]: storyElection, ...Object.fromEntries(own) };
}

/** `zen-lead.io/sticky` becomes `x.zen-lead.io/sticky`. */
export function toKey(key: string): string {
  return storyElection !== '' && ofElection.includes(key) ? prefixed(storyElection, key) : key;
}

/** Names and annotations in what a story asks for: an argument, a path or a manifest. */
export function toCluster(text: string): string {
  if (storyElection === '') return text;
  // `sticky=false` and `sticky-`, but not `sticky-more`.
  const keys = ofElection.reduce(
    (before, key) => before.replaceAll(new RegExp(`(?<![.\\w])${key}(?==|-$|-\\s|")`, 'g'), toKey(key)),
    text,
  );
  return (
    keys
      // Behind an encoded `=` (`%3D`) there is no word boundary.
      .replaceAll(/(?<![a-z0-9-])web-leader\b/g, `web-${storyElection}`)
      .replaceAll(/(?<![a-z0-9-])web-followers\b/g, `web-${storyElection}-followers`)
  );
}

/** The arguments of a kubectl. One that opts a Service in asks for the election as well. */
export function toCommand(args: readonly string[]): readonly string[] {
  const own = args.map(toCluster);
  if (storyElection === '' || !args.includes(`${annotation.enabled}=true`)) return own;
  return [...own, `${annotation.elections}=${storyElection}`, '--overwrite'];
}

/** The arguments of a zen-lead: `story-1/web` is `story-1/web/x`. */
export function toTyped(args: readonly string[]): readonly string[] {
  if (storyElection === '') return args;
  return args.map((arg) => toCluster(arg).replace(/^([a-z0-9-]+\/web)$/, `$1/${storyElection}`));
}

/** What a zen-lead prints. A column may be wider than the story knows. */
export function toPrinted(text: string): string {
  if (storyElection === '') return text;
  return toStory(text)
    .replaceAll(new RegExp(`(?<![a-z0-9-])web/${storyElection}\\b`, 'g'), 'web')
    .replaceAll(`election "${storyElection}": `, '');
}

/** The other way round, in what a story reads. */
export function toStory(text: string): string {
  if (storyElection === '') return text;
  return (
    text
      .replaceAll(`web-${storyElection}-followers`, 'web-followers')
      .replaceAll(new RegExp(`(?<![a-z0-9-])web-${storyElection}\\b`, 'g'), 'web-leader')
      .replaceAll(`election \\"${storyElection}\\": `, '')
      .replaceAll(`/services/web/elections/${storyElection}"`, '/services/web"')
      // The id of an event: `<uid>/x/0/<epoch>/<type>`.
      .replaceAll(new RegExp(`/${storyElection}/0(?=/\\d+/io\\.zen-lead)`, 'g'), '')
      .replaceAll(new RegExp(`"zen-lead.io/election":"${storyElection}",`, 'g'), '')
      .replaceAll(`${storyElection}.zen-lead.io/`, 'zen-lead.io/')
  );
}
