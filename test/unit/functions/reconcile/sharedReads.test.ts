import { beforeEach, expect, it } from 'vitest';
import { createSharedReads } from '../../../../functions/reconcile/sharedReads.ts';
import type { KubeApi, ListQuery, Resource } from '../../../../lib/kube/kubeApi.ts';

const signal = new AbortController().signal;
const nothing: readonly unknown[] = [];

let counts: Readonly<Record<string, number>> = {};
/** Where every LIST of slices waits, while it is there. */
let gate: PromiseWithResolvers<void> | null = null;
let asked: { readonly plural: string; readonly query: ListQuery }[] = [];
beforeEach(() => {
  counts = { pods: 5 };
  gate = null;
  asked = [];
});

/** An empty namespace that says to have so many objects. */
async function list({ plural }: Resource, _namespace: unknown, query: ListQuery) {
  asked.push({ plural, query });
  if (plural === 'endpointslices') await gate?.promise;
  const more = query.limit === 1 ? { continue: 'more', remaining: counts[plural] ?? 0 } : {};
  return { resourceVersion: '7', items: nothing, ...more };
}

const reads = () => createSharedReads({ api: { list } as unknown as KubeApi, now: () => 0 });
/** Of everything: not one object, and no selector. */
const wholeReads = (): number =>
  asked.filter(
    ({ plural, query }) =>
      plural === 'pods' && query.limit !== 1 && query.labelSelector === undefined && query.fieldSelector === undefined,
  ).length;

async function readMany(count: number): Promise<readonly unknown[]> {
  const { readService } = reads();
  gate = Promise.withResolvers();
  const answers = Array.from({ length: count }, (_, i) => readService({ namespace: 'shop', name: `db-${i}` }, signal));
  await new Promise((resolve) => setImmediate(resolve));
  gate.resolve();
  return Promise.all(answers);
}

it('a Service is read alone where few wait, however small its namespace', async () => {
  expect(await readMany(8)).toHaveLength(8);
  expect(wholeReads()).toBe(0);
});

it('a small namespace is read at most twice for all the Services that are asked about at once', async () => {
  const answers = await readMany(40);
  expect(answers).toHaveLength(40);
  expect(answers[39]).toMatchObject({ snapshot: { namespace: 'shop', name: 'db-39', revisions: { pods: '7' } } });
  expect(wholeReads()).toBe(2);
});

it.each(['pods', 'services', 'endpointslices'])(
  'a namespace of many %s for each Service that waits is not read as a whole',
  async (plural) => {
    counts = { pods: 5, [plural]: 60_000 };
    expect(await readMany(40)).toHaveLength(40);
    expect(wholeReads()).toBe(0);
  },
);

it('one that asks while the namespace is being read is not given that read: it may be older than what is asked about', async () => {
  const { readService } = reads();
  gate = Promise.withResolvers();
  const first = Array.from({ length: 9 }, (_, i) => readService({ namespace: 'shop', name: `db-${i}` }, signal));
  await new Promise((resolve) => setImmediate(resolve));
  expect(wholeReads()).toBe(0);
  const later = readService({ namespace: 'shop', name: 'db-9' }, signal);
  gate.resolve();
  await Promise.all([...first, later]);
  expect(wholeReads()).toBe(2);
});
