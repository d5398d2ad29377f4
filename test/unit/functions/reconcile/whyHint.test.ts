import { describe, expect, it } from 'vitest';
import { type Evidence, whyHint } from '../../../../functions/reconcile/whyHint.ts';
import type { ReadData } from '../../../../lib/events/parseReconcileEvent.ts';
import { annotation } from '../../../../lib/selection/names.ts';
import type { SliceView, Snapshot } from '../../../../lib/selection/snapshot.ts';
import type { Write } from '../../../../lib/selection/write.ts';
import { aReconcileEvent, aSnapshot, revision, uid } from '../../../support/objects/anEvent.ts';

const now = 1_000_000;

/** A slice with a record of a decision on pods at 100 and Services at 90. */
const slice: SliceView = {
  namespace: 'shop',
  name: 'db-leader-ipv4',
  uid: uid('slice-uid'),
  resourceVersion: revision('50'),
  serviceName: 'db-leader',
  managedBy: 'zen-lead.io',
  annotations: { [annotation.epoch]: '7', [annotation.podsRevision]: '100', [annotation.servicesRevision]: '90' },
  owner: { kind: 'Service', name: 'db', uid: uid('source-uid') },
  terminating: false,
  spec: { addressType: 'IPv4', endpoints: [], ports: [] },
};
const recorded = aSnapshot({ slices: [slice] });

function withSnapshot(snapshot: Snapshot | undefined, deadline = now + 1): ReadData {
  const { change } = aReconcileEvent().data;
  return { kind: 'readable', value: { change, deadline, ...(snapshot !== undefined && { snapshot }) } };
}

function withRevisions(revisions: Partial<Snapshot['revisions']>): ReadData {
  return withSnapshot({ ...recorded, revisions: { ...recorded.revisions, ...revisions } });
}

const evidence: Evidence = {
  kind: 'reconcile',
  isTrusted: true,
  data: withSnapshot(recorded),
  isResync: false,
  now,
  writes: [],
};
const at = { namespace: 'shop', name: 'db-leader-ipv4' };
const patch: Write = {
  ...at,
  stage: 'route',
  kind: 'patch',
  resource: 'endpointslices',
  uid: slice.uid,
  resourceVersion: slice.resourceVersion,
  patch: {},
};
const create: Write = {
  ...at,
  stage: 'route',
  kind: 'create',
  resource: 'endpointslices',
  object: {},
  placeholder: {},
};

describe('a snapshot', () => {
  it.each<[ReturnType<typeof whyHint>, string, Partial<Evidence>]>([
    [null, 'of a trusted sender, in time, as new as the record', {}],
    [null, 'that leads to a patch of a slice with a record', { writes: [patch] }],
    [null, 'that is newer than the record', { data: withRevisions({ pods: revision('101') }) }],
    [null, 'without a record, as long as it leads to no write', { data: withSnapshot(aSnapshot()) }],
    [null, 'one millisecond before its deadline', { data: withSnapshot(recorded, now + 1) }],
    ['foreign', 'of another event source', { kind: 'foreign' }],
    ['untrusted', 'of a sender that is not trusted', { isTrusted: false }],
    ['unreadable', 'that cannot be read', { data: { kind: 'unreadable', problem: 'x' } }],
    ['noSnapshot', 'that was not sent', { data: withSnapshot(undefined) }],
    ['late', 'at its deadline', { data: withSnapshot(recorded, now) }],
    ['unordered', 'whose pods revision is no number', { data: withRevisions({ pods: revision('abc') }) }],
    ['unordered', 'whose Services revision is no number', { data: withRevisions({ services: revision('1e3') }) }],
    [
      'unordered',
      'whose revision is no number where nothing is recorded',
      { data: withSnapshot(aSnapshot({ revisions: { ...recorded.revisions, pods: revision('abc') } })) },
    ],
    ['old', 'with pods older than the record', { data: withRevisions({ pods: revision('99') }) }],
    ['old', 'with Services older than the record', { data: withRevisions({ services: revision('89') }) }],
    [
      'unfenced',
      'that leads to a write while no slice holds a record',
      { data: withSnapshot(aSnapshot()), writes: [patch] },
    ],
    ['unfenced', 'that leads to another slice', { writes: [create] }],
  ])('gives %j when it is one %s', (reason, _title, changes) => {
    expect(whyHint({ ...evidence, ...changes })).toBe(reason);
  });

  it('names the first reason of the table where several apply', () => {
    const late = withSnapshot({ ...recorded, revisions: { ...recorded.revisions, pods: revision('1') } }, now);
    expect(whyHint({ ...evidence, data: late })).toBe('late');
    expect(whyHint({ ...evidence, data: late, isTrusted: false })).toBe('untrusted');
    expect(whyHint({ ...evidence, data: late, isTrusted: false, kind: 'foreign' })).toBe('foreign');
  });
});
