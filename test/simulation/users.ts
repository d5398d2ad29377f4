/**
 * Users: write the annotations, touch objects that we own, and take names that we want.
 */

import { storyElection, toElection, toKey } from '../support/storyElection.ts';
import type { Action } from './action.ts';
import type { ApiServer } from './apiServer.ts';
import { controllerOf, type KubeObject, labelOf } from './kubeObject.ts';
import { foreignServiceManifest, foreignSliceManifest, readyCondition, sourceManifest } from './manifests.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export interface UsersOptions {
  readonly server: ApiServer;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly sources: readonly string[];
}

export interface Users {
  readonly actions: readonly Action[];
  start(): void;
}

const ACTOR = 'user';
const WANTED_NAMES = ['main', 'taken'] as const;

/** Values for each annotation. Null takes it away. */
const settings: readonly (readonly [string, readonly (string | null)[]])[] = [
  ['leader-service-name', ['main', 'taken', 'No Name', null, null]],
  ['sticky', ['false', 'true', 'maybe', null]],
  ['strategy', ['newest', 'random', 'node-aware', 'best', null]],
  ['min-ready-duration', ['1s', '3s', '-1s', null, null]],
  ['failover-min-delay', ['2s', '8s', 'soon', null, null]],
  ['no-leader', ['hold', 'clear', 'keep', null]],
  ['pin-leader', ['db-0', 'db-1', 'NOBODY', null, null]],
  ['paused', ['true', 'false', 'yes', null, null]],
  ['followers', ['true', 'readers', 'false', '?', null]],
  ['leader-service-type', ['NodePort', 'LoadBalancer', 'none', null]],
];

export function createUsers({ server, scheduler, random, sources }: UsersOptions): Users {
  const { etcd } = server;
  const annotate = (name: string, key: string, value: string | null): void => {
    const written = toKey(`zen-lead.io/${key}`);
    const isName = key === 'leader-service-name' || key === 'followers';
    // The checks of the simulation read what is of the whole Service.
    const annotation = isName ? written : `zen-lead.io/${key}`;
    server.patch(ACTOR, 'services', name, { metadata: { annotations: { [annotation]: value } } });
  };
  const pickSource = (): KubeObject | undefined =>
    random.pickAny(sources.flatMap((name) => etcd.read('services', name) ?? []));
  const ours = (plural: string): readonly KubeObject[] =>
    etcd.list(plural).filter((object) => sources.includes(controllerOf(object)?.name ?? ''));

  function createSource(name: string): void {
    if (etcd.read('services', name) === undefined)
      server.create(
        ACTOR,
        'services',
        sourceManifest(name, random.chance(0.4), toElection({ 'zen-lead.io/enabled': 'true' })),
      );
  }

  const onSource = (name: string, weight: number, act: (source: KubeObject) => string): Action => ({
    name,
    weight,
    run() {
      const source = pickSource();
      return source === undefined ? null : `${source.metadata.name} ${act(source)}`;
    },
  });
  const onOurs = (name: string, weight: number, plural: string, act: (object: KubeObject) => void): Action => ({
    name,
    weight,
    run() {
      const object = random.pickAny(ours(plural));
      if (object === undefined) return null;
      act(object);
      return `${plural}/${object.metadata.name}`;
    },
  });

  return {
    start() {
      for (const name of sources) createSource(name);
      etcd.subscribe(({ plural, type, object }) => {
        const { name } = object.metadata;
        if (plural === 'services' && type === 'DELETED' && sources.includes(name))
          scheduler.schedule(random.between(50, 8_000), () => createSource(name));
      });
    },
    actions: [
      onSource('user annotates', 6, ({ metadata: { name } }) => {
        const [key, values] = random.pickAny(settings) ?? ['sticky', ['true']];
        const value = random.pickAny(values) ?? null;
        annotate(name, key, value);
        return `${key}=${value}`;
      }),
      onSource('user opts out', 2, ({ metadata: { name } }) => {
        const value = random.pick([null, 'false', 'ture']);
        annotate(name, 'enabled', value);
        scheduler.schedule(random.between(50, 10_000), () => {
          if (etcd.read('services', name) !== undefined) annotate(name, 'enabled', 'true');
        });
        return `enabled=${value}`;
      }),
      onSource('user deletes the source', 1, ({ metadata: { name } }) => {
        server.delete(ACTOR, 'services', name);
        return '';
      }),
      onSource('user changes the families', 1, ({ metadata: { name } }) => {
        const ipFamilies = random.pick([['IPv4'], ['IPv4', 'IPv6']]);
        server.patch(ACTOR, 'services', name, { spec: { ipFamilies } });
        return ipFamilies.join();
      }),
      // The API takes it on a headless Service:
      // https://kubernetes.io/docs/concepts/services-networking/dual-stack/
      onSource('user flips the primary family', 1, ({ metadata: { name } }) => {
        const ipFamilies = random.pick([['IPv4', 'IPv6'], ['IPv6', 'IPv4'], ['IPv6']]);
        server.patch(ACTOR, 'services', name, { spec: { ipFamilies } });
        return ipFamilies.join();
      }),
      // The record moves to the slice of the other family while pods change, and back.
      onSource('user flips the primary family during a failover', 1, ({ metadata: { name } }) => {
        const flip = (ipFamilies: readonly string[]): void => {
          if (etcd.read('services', name) !== undefined)
            server.patch(ACTOR, 'services', name, { spec: { ipFamilies, clusterIP: 'None' } });
        };
        const families = random.pick([
          ['IPv4', 'IPv6'],
          ['IPv6', 'IPv4'],
        ]);
        for (const { metadata } of etcd.list('pods'))
          scheduler.schedule(random.between(0, 40), () => {
            if (etcd.read('pods', metadata.name)?.metadata.uid !== metadata.uid) return;
            const conditions = [readyCondition(random.chance(0.5), scheduler.now())];
            server.patch('workload', 'pods', metadata.name, { status: { conditions } });
          });
        scheduler.schedule(random.between(0, 20), () => flip(families));
        scheduler.schedule(random.between(10, 400), () => flip([...families].reverse()));
        return families.join();
      }),
      onOurs('user deletes our slice', 2, 'endpointslices', ({ metadata }) =>
        server.delete(ACTOR, 'endpointslices', metadata.name),
      ),
      onOurs('user deletes our Service', 2, 'services', ({ metadata }) =>
        server.delete(ACTOR, 'services', metadata.name),
      ),
      onOurs('user edits our endpoints', 2, 'endpointslices', ({ metadata }) => {
        const targetRef = { kind: 'Pod', namespace: 'shop', name: 'evil', uid: 'evil' };
        const endpoints = random.chance(0.5) ? [] : [{ addresses: ['192.0.2.66'], targetRef }];
        server.patch(ACTOR, 'endpointslices', metadata.name, { endpoints });
      }),
      onOurs('user takes the leader out of the record', 1, 'endpointslices', ({ metadata }) => {
        const annotations = { 'zen-lead.io/leader-pod-uid': null };
        server.patch(ACTOR, 'endpointslices', metadata.name, { metadata: { annotations } });
      }),
      onOurs('user gives our Service a selector', 1, 'services', (service) => addSelector(service)),
      onOurs('user takes our label away', 1, 'services', ({ metadata }) => {
        server.patch(ACTOR, 'services', metadata.name, {
          metadata: { labels: { 'app.kubernetes.io/managed-by': null } },
        });
      }),
      onOurs('user orphans our Service', 0.5, 'services', ({ metadata }) => {
        server.patch(ACTOR, 'services', metadata.name, { metadata: { ownerReferences: null } });
      }),
      onOurs('user orphans our slice', 0.5, 'endpointslices', ({ metadata }) => {
        server.patch(ACTOR, 'endpointslices', metadata.name, { metadata: { ownerReferences: null } });
      }),
      { name: 'another owner has the name we want', weight: 1, run: takeName },
      { name: 'another owner gives a name back', weight: 1, run: releaseNames },
    ],
  };

  /** Brings what the endpoints controllers do about it. */
  function addSelector({ metadata: { name, uid } }: KubeObject): void {
    server.patch(ACTOR, 'services', name, { spec: { selector: { app: 'db' } } });
    const labels = {
      'kubernetes.io/service-name': name,
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    };
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true }];
    const sliceName = `${name}-x7k2p`;
    if (etcd.read('endpointslices', sliceName) === undefined)
      server.create('controller', 'endpointslices', {
        metadata: { name: sliceName, labels, ownerReferences },
        addressType: 'IPv4',
        endpoints: [],
      });
    if (etcd.read('endpoints', name) === undefined)
      server.create('controller', 'endpoints', {
        metadata: { name, labels: { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' } },
      });
  }

  function takeName(): string | null {
    const name = random.pick([...WANTED_NAMES, ...ourNames(sources[0])]);
    if (random.chance(0.5)) {
      if (etcd.read('services', name) !== undefined) return null;
      server.create(ACTOR, 'services', foreignServiceManifest(name));
      return name;
    }
    const sliceName = `${name}-ipv4`;
    if (etcd.read('endpointslices', sliceName) !== undefined) return null;
    server.create(ACTOR, 'endpointslices', foreignSliceManifest(sliceName, name));
    return sliceName;
  }

  function releaseNames(): string | null {
    const foreign = [
      ...etcd
        .list('services')
        .filter((each) => labelOf(each, 'team') === 'another')
        .map((each) => ['services', each] as const),
      ...etcd
        .list('endpointslices')
        .filter((each) => labelOf(each, 'endpointslice.kubernetes.io/managed-by') === 'another')
        .map((each) => ['endpointslices', each] as const),
    ];
    const [plural, object] = random.pickAny(foreign) ?? [];
    if (plural === undefined || object === undefined) return null;
    server.delete(ACTOR, plural, object.metadata.name);
    return object.metadata.name;
  }
}

/** What zen-lead makes for a source. */
function ourNames(source = ''): readonly string[] {
  return storyElection === ''
    ? [`${source}-leader`, `${source}-followers`]
    : [`${source}-${storyElection}`, `${source}-${storyElection}-followers`];
}
