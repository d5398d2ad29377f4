/**
 * underElection: asks a rule about a Service with the election `storyElection`, for a story that
 * knows one election without a name.
 *
 * The story's source then asks for the election, its annotations have the prefix, and what zen-lead
 * made for it has the election's name and label. What the rule answers is translated back, so what
 * a story checks has to hold for the election as well.
 */

import { viewsOf } from '../../../lib/selection/elections/electionsOf.ts';
import { annotation, label } from '../../../lib/selection/names.ts';
import type { ServiceView, SliceView } from '../../../lib/selection/snapshot.ts';
import { storyElection, toKey } from '../storyElection.ts';

/** A snapshot, or the state of a namespace, which has the same fields for this. */
interface State {
  readonly name: string;
  readonly source: ServiceView | null;
  readonly services: Iterable<ServiceView>;
  readonly slices: Iterable<SliceView>;
}

type Rule<Rest extends readonly unknown[], Answer> = (state: never, ...rest: Rest) => Answer;

/** For a rule that takes the elections of a source apart by itself. */
export function underElection<Rest extends readonly unknown[], Answer>(rule: Rule<Rest, Answer>) {
  return (state: State, ...rest: Rest): Answer => {
    const names = namesOf(state.name);
    const given = toCluster(state, names);
    const answer = rule(given as never, ...rename(rest, names.toCluster));
    // A rule that changes nothing gives back the very snapshot that it was asked about.
    return (answer === (given as unknown) ? state : toStory(answer, names)) as Answer;
  };
}

/** For a rule that reads the view of one election. */
export function underView<Rest extends readonly unknown[], Answer>(rule: Rule<Rest, Answer>) {
  return underElection((whole: never, ...rest: Rest) => rule(viewsOf(whole)[0] as never, ...rest));
}

export interface Names {
  toCluster(text: string): string;
  toStory(text: string): string;
}

const known = new Map<string, Names>();

/** `postgres-leader-ipv4` and `postgres-x-ipv4`, alone or in a text. */
export function namesOf(source: string): Names {
  const names = known.get(source) ?? readNames(source);
  known.set(source, names);
  return names;
}

function readNames(source: string): Names {
  const end = '(?=-ipv[46])|(?![a-z0-9-])';
  const replace = (from: string, to: string) => {
    const name = new RegExp(`(?<![a-z0-9-])${source}-${from}(?:${end})`, 'g');
    return (text: string) => text.replaceAll(name, `${source}-${to}`);
  };
  const [leader, followers] = [storyElection, `${storyElection}-followers`];
  const toCluster = [replace('leader', leader), replace('followers', followers)];
  const toStory = [replace(followers, 'followers'), replace(leader, 'leader')];
  return {
    toCluster: (text) => toCluster.reduce((before, step) => step(before), text),
    // Most texts of a decision do not say the name.
    toStory: (text) =>
      text.includes(storyElection)
        ? toStory
            .reduce((before, step) => step(before), text)
            .replaceAll(`${storyElection}.zen-lead.io/`, 'zen-lead.io/')
            .replaceAll(`election "${storyElection}": `, '')
        : text,
  };
}

function toCluster<Given extends State>(state: Given, { toCluster: toName }: Names): Given {
  const { source } = state;
  return {
    ...state,
    source: source === null ? null : asking(source, toName),
    services: [...state.services].map((service) => ({
      ...service,
      name: toName(service.name),
      // With what zen-lead made goes the mark of who made it, and the election's beside it.
      ...(service.labels[label.sourceService] !== undefined && {
        labels: { ...service.labels, [label.election]: storyElection },
      }),
    })),
    slices: [...state.slices].map((slice) => ({
      ...slice,
      name: toName(slice.name),
      serviceName: slice.serviceName === null ? null : toName(slice.serviceName),
      ...(slice.managedBy === 'zen-lead.io' && { election: storyElection }),
    })),
  };
}

/** The rules remember what they read of a source, by the very source. */
const asked = new WeakMap<ServiceView, ServiceView>();

/** Also after opt-out, where a user takes the opt-in away and not the name of the election. */
function asking(source: ServiceView, toName: (text: string) => string): ServiceView {
  const own = Object.entries(source.annotations).map(([key, value]) => [toKey(key), toName(value)] as const);
  const annotations = { [annotation.elections]: storyElection, ...Object.fromEntries(own) };
  const asks = asked.get(source) ?? { ...source, annotations };
  asked.set(source, asks);
  return asks;
}

function rename<Value>(value: Value, toName: (text: string) => string): Value {
  if (typeof value === 'string') return toName(value) as Value;
  return (Array.isArray(value) ? value.map((each) => rename(each, toName)) : value) as Value;
}

export type IsDropped = (field: readonly [string, unknown]) => boolean;

/** What only an answer about a named election has. More elections than the story's stay in it. */
export function isOfElection([key, value]: readonly [string, unknown]): boolean {
  if (key === 'elections') return Array.isArray(value) && value.length === 1;
  return key === 'election' || key === label.election || key === annotation.elections;
}

/** What siblings lead, of which a story has none. */
function isNoSibling([key, value]: readonly [string, unknown]): boolean {
  return (key === 'taken' || key === 'barred') && value instanceof Set && value.size === 0;
}

function isReadingOfElections(value: unknown): boolean {
  return (value as { annotation?: string } | null)?.annotation === annotation.elections;
}

export function toStory(value: unknown, names: Names, isDropped: IsDropped = isOfElection): unknown {
  if (typeof value === 'string') return names.toStory(value);
  if (Array.isArray(value))
    return value.filter((each) => !isReadingOfElections(each)).map((each) => toStory(each, names, isDropped));
  if (value instanceof Set) return new Set([...value].map((each) => toStory(each, names, isDropped)));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter((field) => !isDropped(field) && !isNoSibling(field));
  // Pods say nothing of elections, and there are many.
  return Object.fromEntries(
    fields.map(([key, field]) => [names.toStory(key), key === 'candidates' ? field : toStory(field, names, isDropped)]),
  );
}
