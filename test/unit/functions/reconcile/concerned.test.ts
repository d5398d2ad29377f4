import { describe, expect, it } from 'vitest';
import { createCatalogue } from '../../../../functions/reconcile/catalogue.ts';
import { findConcernedByPod, findConcernedByService } from '../../../../functions/reconcile/concerned.ts';
import type { ForeignHint } from '../../../../lib/events/foreign.ts';
import type { PodView, ServiceView, SliceView } from '../../../../lib/selection/snapshot.ts';
import { aCandidate, aSource, revision, uid } from '../../../support/objects/anEvent.ts';

const opted = (name: string, changes: Partial<ServiceView> = {}): ServiceView =>
  aSource({ name, uid: uid(`${name}-uid`), ...changes });
const owned = (source: string) => ({ kind: 'Service', name: source, uid: uid(`${source}-uid`) });
const aPod = (name: string, app: string): PodView => {
  const { selected: _, ...pod } = aCandidate({ name, uid: uid(name) });
  return { ...pod, namespace: 'shop', labels: { app } };
};
const aSlice = (source: string, leaderName: string): SliceView => ({
  namespace: 'shop',
  name: `${source}-leader-ipv4`,
  uid: uid(`${source}-slice`),
  resourceVersion: revision('5'),
  serviceName: `${source}-leader`,
  managedBy: 'zen-lead.io',
  annotations: {
    'zen-lead.io/leader-pod-name': leaderName,
    'zen-lead.io/leader-pod-uid': leaderName,
    'zen-lead.io/pods-revision': '1',
    'zen-lead.io/epoch': '1',
  },
  owner: owned(source),
  terminating: false,
  spec: { addressType: 'IPv4', endpoints: [], ports: [] },
});

const services: readonly ServiceView[] = [
  opted('db'),
  opted('web', { selector: { app: 'web' } }),
  opted('plain', { annotations: {} }), // selects the same pods as db, and has not opted in
  // opted out; its slice is still there
  opted('left', { annotations: {}, selector: { app: 'left' } }),
  opted('web-leader', {
    annotations: {},
    labels: { 'app.kubernetes.io/managed-by': 'zen-lead' },
    owner: owned('web'),
    selector: null,
  }),
];
const pods = [aPod('db-1', 'db'), aPod('web-1', 'web')];
const slices = [aSlice('db', 'db-0'), aSlice('left', 'left-0')];
const hint = (objectKind: ForeignHint['objectKind'], name: string): ForeignHint => ({
  kind: 'foreign',
  type: 't',
  namespace: 'shop',
  objectKind,
  name,
});

describe('a foreign event concerns', () => {
  it.each<[string, ForeignHint, string[]]>([
    ['who selects the pod', hint('Pod', 'db-1'), ['db']],
    ['who routes to a pod of that name, which is gone', hint('Pod', 'db-0'), ['db']],
    ['who has opted out and still routes', hint('Pod', 'left-0'), ['left']],
    ['no Service, for a pod that is not known', hint('Pod', 'other'), []],
    ['the Service itself', hint('Service', 'db'), ['db']],
    ['not a Service that has not opted in', hint('Service', 'plain'), []],
    ['the source of a leader Service', hint('Service', 'web-leader'), ['web']],
    ['who wants the name of a Service, which is gone', hint('Service', 'db-leader'), ['db']],
    ['the source of a slice', hint('EndpointSlice', 'left-leader-ipv4'), ['left']],
    ['who wants the name of a slice, which is gone', hint('EndpointSlice', 'web-leader-ipv6'), ['web']],
    ['no Service, for a slice of others', hint('EndpointSlice', 'web-abcde'), []],
  ])('%s', (_name, given, concerned) => {
    const find = given.objectKind === 'Pod' ? findConcernedByPod : findConcernedByService;
    const named = {
      pod: given.objectKind === 'Pod' ? pods.find(({ name }) => name === given.name) : undefined,
      slice: slices.find(({ name }) => name === given.name),
    };
    expect(find(createCatalogue(services, slices), given, named)).toEqual(concerned);
  });
});
