/**
 * readService: reads from the API server what one Service has, for hints and after a conflict. It
 * reads slices by label and name, pods by the Service's selector, and Services by label and name.
 * Its cost does not depend on the size of the namespace.
 *
 * What to ask for is known only when the Service is. So each round asks, and reads the Services
 * last. Where they raise another question, because a user changed the selector meanwhile, a further
 * round asks that.
 *
 * Guarantees: the order of readState.ts, for the same reasons. Pods are of one revision, and so are
 * Services, which the record names (S9). The first LIST is the most recent state, and objects by
 * name are read at its revision.
 * Does not guarantee that it finds one of our objects that neither a label nor a name leads to,
 * after a hand has changed both. The bridge sees that one by its owner.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list
 * (`resourceVersionMatch=Exact`).
 */

import { codeOf, ZenLeadError } from '../../lib/errors.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';
import { endpointSlices, type KubeApi, pods, services } from '../../lib/kube/kubeApi.ts';
import { parsePod } from '../../lib/kube/parsePod.ts';
import { parseService } from '../../lib/kube/parseService.ts';
import { parseSlice } from '../../lib/kube/parseSlice.ts';
import { buildSnapshot } from '../../lib/selection/buildSnapshot.ts';
import { label } from '../../lib/selection/names.ts';
import type { PodView, ResourceVersion, ServiceView, SliceView, Snapshot } from '../../lib/selection/snapshot.ts';
import { MAX_NAME_LENGTH } from '../../lib/selection/wantedNames.ts';
import { type List, listCollection, readNamed } from './listParsed.ts';
import { isAnswered, leaderNamesOn, type Question, questionOf } from './question.ts';
import { type StateRead, writableUntil } from './stateRead.ts';

/** A Service that changes during each of so many reads is read again later. */
const MAX_ROUNDS = 4;
const CHANGING_RETRY_MS = 1_000;

/**
 * `guess`: an earlier snapshot of the Service. It only says what to ask for first, so a wrong one
 * costs a round.
 */
export async function readService(
  api: KubeApi,
  service: ServiceRef,
  now: () => number,
  signal: AbortSignal,
  guess?: Snapshot,
): Promise<StateRead> {
  let question = guess === undefined ? await firstQuestion(api, service, signal) : questionOf(guess);
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const startedAt = now();
    const answer = await ask(api, service, question, signal);
    if (answer === null) continue;
    const raised = questionOf(answer.snapshot);
    if (isAnswered(raised, answer.question, answer.snapshot))
      return { snapshot: answer.snapshot, deadline: writableUntil(startedAt, now()) };
    question = raised;
  }
  const { namespace, name } = service;
  throw new ZenLeadError('KUBE_CONFLICT', `read ${namespace}/${name}: it changed during each of ${MAX_ROUNDS} reads`, {
    retry: 'later',
    retryAfterMs: CHANGING_RETRY_MS,
  });
}

/**
 * The Service, and with it the Services that it has: they name the pod that was announced, which
 * may have lost its label since.
 */
async function firstQuestion(api: KubeApi, { namespace, name }: ServiceRef, signal: AbortSignal): Promise<Question> {
  const collection = { api, resource: services, namespace, parse: parseService, signal };
  const [{ items }, ours] = await Promise.all([
    readNamed(collection, name),
    listCollection(collection, `${label.sourceService}=${name}`),
  ]);
  return questionOf({ source: items[0] ?? null, services: ours.items, slices: [] });
}

interface Answer {
  readonly snapshot: Snapshot;
  /** What was asked for, with the pods that the slices name. */
  readonly question: Question;
}

/** Null where the revision of a LIST is one that the API server no longer has, or not yet. */
async function ask(api: KubeApi, service: ServiceRef, question: Question, signal: AbortSignal): Promise<Answer | null> {
  try {
    const slices = await readSlices(api, service, question, signal);
    const podNames = new Set([...question.podNames, ...slices.items.flatMap(leaderNamesOn)]);
    const podList = await readPods(api, service.namespace, question.selector, podNames, signal);
    const serviceList = await readServices(api, service, question.serviceNames, signal);
    const snapshot = buildSnapshot({
      ...service,
      source: serviceList.items.find(({ name }) => name === service.name) ?? null,
      pods: podList.items,
      services: serviceList.items,
      slices: slices.items,
      revisions: { pods: podList.revision, services: serviceList.revision, slices: slices.revision },
    });
    return { snapshot, question: { ...question, podNames } };
  } catch (error) {
    const code = codeOf(error);
    if (code === 'KUBE_GONE' || code === 'KUBE_VERSION_TOO_LARGE') return null;
    throw error;
  }
}

/** Of several instants: the resourceVersion of each slice fences what is written to it (S3). */
async function readSlices(
  api: KubeApi,
  { namespace, name }: ServiceRef,
  { serviceNames, sliceNames }: Question,
  signal: AbortSignal,
): Promise<List<SliceView>> {
  const collection = { api, resource: endpointSlices, namespace, parse: parseSlice, signal };
  // No object has a longer name, and no label a longer value.
  const names = [...serviceNames].filter(({ length }) => length <= MAX_NAME_LENGTH);
  const carrying = `${label.serviceName} in (${names.join(',')})`;
  const [ours, carriers] = await Promise.all([
    listCollection(collection, `${label.sourceService}=${name}`),
    names.length === 0 ? null : listCollection(collection, carrying),
  ]);
  // One LIST finds all our slices, so theirs are of one instant.
  const found = new Map([...(carriers?.items ?? []), ...ours.items].map((slice) => [slice.name, slice]));
  const missing = [...sliceNames].filter((each) => !found.has(each));
  const others = await Promise.all(missing.map((each) => readNamed(collection, each)));
  return { items: [...found.values(), ...others.flatMap(({ items }) => items)], revision: ours.revision };
}

async function readPods(
  api: KubeApi,
  namespace: string,
  selector: Question['selector'],
  names: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<List<PodView>> {
  const collection = { api, resource: pods, namespace, parse: parsePod, signal };
  const selected = await listCollection(collection, selector);
  return withNamed(selected, names, (name, at) => readNamed(collection, name, at));
}

async function readServices(
  api: KubeApi,
  { namespace, name }: ServiceRef,
  serviceNames: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<List<ServiceView>> {
  const collection = { api, resource: services, namespace, parse: parseService, signal };
  const ours = await listCollection(collection, `${label.sourceService}=${name}`);
  return withNamed(ours, new Set([name, ...serviceNames]), (each, at) => readNamed(collection, each, at));
}

/** Adds the named objects that are not in the list, as they were at its revision. */
async function withNamed<T extends { readonly name: string }>(
  { items, revision }: List<T>,
  names: ReadonlySet<string>,
  read: (name: string, at: ResourceVersion) => Promise<List<T>>,
): Promise<List<T>> {
  const found = new Set(items.map(({ name }) => name));
  const missing = [...names].filter((name) => !found.has(name));
  const others = await Promise.all(missing.map((name) => read(name, revision)));
  return { items: [...items, ...others.flatMap((list) => list.items)], revision };
}
