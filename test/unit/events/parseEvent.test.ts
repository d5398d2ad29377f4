import { readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import { parseEnvelope } from '../../../lib/events/envelope.ts';
import { type IncomingEvent, parseEvent } from '../../../lib/events/parseEvent.ts';
import { parseReply } from '../../../lib/events/parseReply.ts';
import { type ReconcileData, reconcileTypes } from '../../../lib/events/reconcileEvent.ts';
import type { reconcileDataZod } from '../../../lib/events/reconcileSchema.ts';
import { type ReplyData, replyTypes } from '../../../lib/events/reply.ts';
import type { replyDataZod } from '../../../lib/events/replySchema.ts';
import { toSchemaFiles } from '../../../lib/events/schemaFiles.ts';
import { parseSubject, serviceSubject } from '../../../lib/events/subject.ts';
import { clusterSource, toLeaderEvent, toReply } from '../../../lib/events/toReply.ts';
import { toStructured } from '../../../lib/events/toStructured.ts';
import { aCandidate, aReconcileEvent, aSnapshot, revision, structured, uid } from '../../support/objects/anEvent.ts';

const parse = (event: object): IncomingEvent => {
  const { headers, body } = structured(event);
  return parseEvent(parseEnvelope(headers, body));
};
const problemOf = (data: unknown): string | undefined => {
  const event = parse({ ...aReconcileEvent(), data });
  return event.kind === 'reconcile' && event.data.kind === 'unreadable' ? event.data.problem : undefined;
};

const aPodObservation = (changes: object = {}): object => ({
  ...{ uid: 'pod-0', check: 'tcp://:1', verdict: 'passing', since: 5 },
  ...changes,
});

describe('a reconcile event', () => {
  it.each(reconcileTypes)('a reconcile event is read: %s', (type) => {
    expect(parse(aReconcileEvent({ type }))).toMatchObject({
      kind: 'reconcile',
      type,
      subject: { namespace: 'shop', name: 'db' },
      observedAt: Date.parse('2026-11-20T10:00:00Z'),
      data: { kind: 'readable', value: aReconcileEvent().data },
    });
  });

  it('a reconcile event of a type that only a newer bridge knows is still a reconcile', () => {
    expect(parse({ ...aReconcileEvent(), type: 'io.zen-lead.pod.frozen' }).kind).toBe('reconcile');
  });

  it('holds observations, with a snapshot and without', () => {
    const pod = { uid: uid('pod-0'), check: 'tcp://:1', verdict: 'failing', since: 5, detail: 'http-503' } as const;
    const node = { name: 'n', verdict: 'silent', since: 5 } as const;
    const observations = { observer: 'bridge-0', pods: [pod, { ...pod, role: 'primary' as const }], nodes: [node] };
    const { snapshot, ...hint } = aReconcileEvent().data;
    for (const data of [
      { ...hint, observations },
      { ...hint, snapshot, observations },
    ])
      expect(parse({ ...aReconcileEvent(), data })).toMatchObject({ data: { kind: 'readable', value: data } });
  });

  it.each<[string, object, string]>([
    ['no observer', { observer: '' }, 'data.observations.observer'],
    ['65 pods', { pods: Array.from({ length: 65 }, () => aPodObservation()) }, 'data.observations.pods'],
    [
      '65 nodes',
      { nodes: Array.from({ length: 65 }, () => ({ name: 'n', verdict: 'alive', since: 1 })) },
      'data.observations.nodes',
    ],
    ['another verdict', { pods: [aPodObservation({ verdict: 'unwell' })] }, 'data.observations.pods.0.verdict'],
    [
      'a detail with words of the answer',
      { pods: [aPodObservation({ detail: 'http-200 hunter2' })] },
      'data.observations.pods.0.detail',
    ],
    [
      'a check over 1,024 characters',
      { pods: [aPodObservation({ check: 'x'.repeat(1_025) })] },
      'data.observations.pods.0.check',
    ],
  ])('a reconcile event with observations of %s is a hint that says why', (_, changes, path) => {
    const observations = { observer: 'bridge-0', pods: [aPodObservation()], ...changes };
    expect(problemOf({ ...aReconcileEvent().data, observations })).toContain(path);
  });

  it('lets unknown fields of a newer bridge pass', () => {
    const snapshot = { ...aSnapshot(), later: 1, candidates: [{ ...aCandidate(), later: {} }] };
    expect(problemOf({ ...aReconcileEvent().data, later: true, snapshot })).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ['no data', undefined, 'data'],
    ['data that is a string', 'x', 'data'],
    ['a deadline that is text', { ...aReconcileEvent().data, deadline: 'soon' }, 'data.deadline'],
    [
      'a phase that Kubernetes does not have',
      {
        ...aReconcileEvent().data,
        snapshot: aSnapshot({ candidates: [{ ...aCandidate(), phase: 'Odd' as 'Running' }] }),
      },
      'data.snapshot.candidates.0.phase',
    ],
    [
      'revisions without pods',
      { ...aReconcileEvent().data, snapshot: { ...aSnapshot(), revisions: {} } },
      'data.snapshot.revisions.pods',
    ],
    [
      'more candidates than the bound',
      {
        ...aReconcileEvent().data,
        snapshot: aSnapshot({ candidates: Array.from({ length: 20_001 }, () => aCandidate()) }),
      },
      'data.snapshot.candidates',
    ],
    [
      'a snapshot of another Service',
      { ...aReconcileEvent().data, snapshot: aSnapshot({ name: 'other' }) },
      'data.snapshot',
    ],
    [
      'a snapshot of another namespace',
      { ...aReconcileEvent().data, snapshot: aSnapshot({ namespace: 'other' }) },
      'data.snapshot',
    ],
  ])('a reconcile event with %s is a hint that says where', (_name, data, path) => {
    expect(problemOf(data)).toContain(`${path}: `);
  });

  it('refuses a number that JSON can write and no counter can reach', () => {
    const text = JSON.stringify(aReconcileEvent()).replace('1795000000000', '1e999');
    const event = parseEvent(parseEnvelope({ 'content-type': 'application/cloudevents+json' }, Buffer.from(text)));
    expect(event).toMatchObject({ kind: 'reconcile', data: { kind: 'unreadable' } });
  });

  it.each([
    undefined,
    'db',
    'namespaces/shop/services/',
    'namespaces/shop/services/DB',
    'namespaces/a/b/services/c',
    'namespaces/shop/services/..',
    `namespaces/shop/services/${'x'.repeat(64)}`,
  ])('a reconcile event is refused with the subject %s', (subject) =>
    expect(() => parse({ ...aReconcileEvent(), subject })).toThrow(/^subject: /),
  );

  it('gives its subject back as it was written', () => {
    expect(parseSubject(serviceSubject('shop', 'db-1'))).toEqual({ namespace: 'shop', name: 'db-1' });
  });
});

describe('an event of a Knative ApiServerSource', () => {
  const recorded = (mode: string): { headers: Record<string, string>; body: unknown }[] =>
    readFileSync(new URL(`../../fixtures/apiserversource-${mode}.jsonl`, import.meta.url), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

  it.each(['resource', 'reference'])(
    'an event of a Knative ApiServerSource is a hint about the object of its subject (%s mode)',
    (mode) => {
      const hints = recorded(mode).map(({ headers, body }) =>
        parseEvent(parseEnvelope(headers, Buffer.from(JSON.stringify(body)))),
      );
      expect(hints).toHaveLength(8);
      for (const hint of hints) expect(hint).toMatchObject({ kind: 'foreign', namespace: mode });
      expect(hints.map((hint) => (hint.kind === 'foreign' ? `${hint.objectKind}/${hint.name}` : ''))).toEqual([
        'Pod/db-0',
        'Pod/db-0',
        'Pod/db-1',
        'Pod/db-1',
        'Service/db',
        'Pod/db-0',
        'Pod/db-0',
        'Pod/db-0',
      ]);
    },
  );

  it('knows slices by their group, and ignores kinds that cannot concern us', () => {
    const foreign = (subject: string): IncomingEvent =>
      parse({
        specversion: '1.0',
        id: 'a',
        source: 'https://10.96.0.1:443',
        type: 'dev.knative.apiserver.ref.update',
        subject,
      });
    expect(foreign('/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/x')).toMatchObject({
      objectKind: 'EndpointSlice',
    });
    expect(foreign('/apis/apps/v1/namespaces/shop/deployments/x')).toMatchObject({ objectKind: null });
    expect(() => foreign('/apis/v1/nodes/n1')).toThrow(/^subject: /);
    expect(() => foreign('/apis/v1/namespaces/..%2f/pods/x')).toThrow(/^subject: /);
  });
});

describe('other events', () => {
  it.each(replyTypes)('other events of our own are recognised: %s', (type) => {
    expect(parse({ specversion: '1.0', id: 'a', source: '/s', type })).toEqual({ kind: 'ours', type });
  });

  it.each(['io.zen-lead', 'io.zen-lead.pods.added', 'io.zen-lead.pod.', 'com.example.x'])(
    'other events are refused: %s',
    (type) => {
      expect(() => parse({ specversion: '1.0', id: 'a', source: '/s', type })).toThrow(/^type: /);
    },
  );
});

describe('a reply', () => {
  const data: ReplyData = {
    decision: 'elected',
    reason: 'LeaderGone',
    previous: null,
    leader: { name: 'db-1', uid: uid('pod-1') },
    epoch: 7,
    basis: 'read',
    snapshot: aSnapshot(),
    recheckAfterMs: 0,
  };
  const context = {
    source: clusterSource('my cluster'),
    subject: { namespace: 'shop', name: 'db' },
    sourceUid: uid('u'),
    decidedAt: 1_795_000_000_123,
  };

  it('a reply comes back from its HTTP message as it was', () => {
    const reply = toReply(context, data);
    const { headers, body } = toStructured(reply);
    expect(parseReply(parseEnvelope(headers, Buffer.from(body)))).toEqual(reply);
    expect(reply).toMatchObject({
      id: expect.stringMatching(/^u\/7\/io\.zen-lead\.leader\.elected\/LeaderGone\/[0-9a-f]{40}$/),
      type: 'io.zen-lead.leader.elected',
      source: '/clusters/my%20cluster',
      subject: 'namespaces/shop/services/db',
      time: '2026-11-18T11:06:40.123Z',
    });
  });

  it('has another id where its content differs, and the same id where it does not', () => {
    const kept: ReplyData = { ...data, decision: 'kept', reason: 'LeaderFit' };
    const later = { ...context, decidedAt: context.decidedAt + 1 };
    const newer = aSnapshot({ revisions: { ...aSnapshot().revisions, services: revision('91') } });
    const { recheckAfterMs: _, ...untimed } = kept;
    const { snapshot: __, ...unread } = kept;
    const replies = [
      toReply(context, kept),
      toReply(later, kept),
      toReply(context, untimed),
      toReply(context, { ...kept, snapshot: newer }),
      toReply(context, { ...unread, basis: 'event' }),
    ];
    expect(new Set(replies.map(({ id }) => id)).size).toBe(replies.length);
    expect(toReply(context, kept)).toEqual(replies[0]);
  });

  it('has another id than the leader event, which keeps the id of the change', () => {
    const { id } = toLeaderEvent(context, data);
    expect(id).toBe('u/7/io.zen-lead.leader.elected/LeaderGone');
    expect(toLeaderEvent({ ...context, decidedAt: 1 }, data).id).toBe(id);
    expect(toReply(context, data).id).toMatch(new RegExp(`^${id}/`));
  });

  it.each<[string, object, RegExp]>([
    ['a reason outside the list', { data: { ...data, reason: 'Whim' } }, /^data\.reason: /],
    ['a recheck beyond an hour', { data: { ...data, recheckAfterMs: 3_600_001 } }, /^data\.recheckAfterMs: /],
    ['another type', { type: 'io.zen-lead.pod.added' }, /^type: /],
    ['no time', { time: undefined }, /^time: /],
  ])('a reply with %s is refused', (_name, change, message) => {
    const { headers, body } = structured({ ...toReply(context, data), ...change });
    expect(() => parseReply(parseEnvelope(headers, body))).toThrow(message);
  });
});

describe('the published schemas', () => {
  it.each([...toSchemaFiles()])('%s is what the zod schema says (npm run schemas)', (name, text) => {
    expect(readFileSync(new URL(`../../../schemas/${name}`, import.meta.url), 'utf8')).toBe(text);
  });

  it('the published schemas carry every field of the types', () => {
    // Failing this is a compile error: a field of the type that the schema forgets would be dropped
    // on arrival.
    expectTypeOf<ReconcileData>().toExtend<DeepReadonly<z.infer<typeof reconcileDataZod>>>();
    expectTypeOf<ReplyData>().toExtend<DeepReadonly<z.infer<typeof replyDataZod>>>();
    expectTypeOf<KeysIn<ReconcileData>>().toEqualTypeOf<KeysIn<z.infer<typeof reconcileDataZod>>>();
    expectTypeOf<KeysIn<ReplyData>>().toEqualTypeOf<KeysIn<z.infer<typeof replyDataZod>>>();
  });
});

type DeepReadonly<T> = T extends string
  ? T
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;

/** Every field name anywhere inside. */
type KeysIn<T> = T extends string
  ? never
  : T extends readonly (infer Element)[]
    ? KeysIn<Element>
    : T extends object
      ? keyof T | { [Key in keyof T]: KeysIn<T[Key]> }[keyof T]
      : never;
