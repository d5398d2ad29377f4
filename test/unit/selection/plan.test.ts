import { describe, expect, it } from 'vitest';
import { assess } from '../../../lib/selection/assess.ts';
import type { ServiceView } from '../../../lib/selection/snapshot.ts';
import { aPod, aService, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

function aWorld(annotations: Record<string, string> = {}, overrides: Partial<ServiceView> = {}): World {
  const world = new World();
  world.setPod(aPod({ name: 'pg-0' }));
  world.setSource(aService(annotations, overrides));
  return world;
}
const planOf = (world: World) => assess(world.snapshot(), T0).decision.plan;
const port = { name: '', protocol: 'TCP', port: 5432, targetPort: 5432 } as const;
const mirrored = { headless: false, ports: [port], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' };

describe('the plan of the leader Service', () => {
  it('mirrors ports and families of the source, and nothing else', () => {
    const plan = planOf(aWorld({}, { labels: { a: 'b' } }));
    expect(plan?.service).toStrictEqual({ ...mirrored, name: 'postgres-leader', role: 'leader', type: 'ClusterIP' });
  });

  it('says nothing of a policy that the source does not have', () => {
    const { ipFamilyPolicy: _, ...source } = aService();
    const world = aWorld();
    world.setSource(source);
    expect(planOf(world)?.service).not.toHaveProperty('ipFamilyPolicy');
  });

  it.each(['ClusterIP', 'NodePort', 'LoadBalancer'])('has the type that the user asks for: %s', (type) => {
    expect(planOf(aWorld({ 'leader-service-type': type }))?.service?.type).toBe(type);
  });

  it('has that type also while something else cannot be read', () => {
    expect(planOf(aWorld({ 'leader-service-type': 'NodePort', sticky: '?' }))?.service?.type).toBe('NodePort');
  });

  it.each(['ClusterIP', 'NodePort', 'LoadBalancer'])('keeps the type %s while that cannot be read', (type) => {
    const world = aWorld({ 'leader-service-type': type });
    world.reconcile(T0);
    world.setSource(aService({ 'leader-service-type': 'lb' }));
    expect(planOf(world)?.service?.type).toBe(type);
  });

  it('is of type ClusterIP while the type cannot be read and there is no leader Service, or an ExternalName', () => {
    const world = aWorld({ 'leader-service-type': 'lb' });
    expect(planOf(world)?.service?.type).toBe('ClusterIP');
    world.reconcile(T0);
    world.edit('services', 'postgres-leader', { spec: { type: 'ExternalName', externalName: 'x.y' } });
    expect(planOf(world)?.service?.type).toBe('ClusterIP');
  });
});

describe('the plan of the followers', () => {
  const followersOf = (world: World) => {
    const followers = planOf(world)?.followers;
    return followers === 'keep' ? undefined : followers;
  };

  it('is a Service of type ClusterIP that mirrors the source, whatever the type of the leader Service', () => {
    const plan = followersOf(aWorld({ followers: 'true', 'leader-service-type': 'LoadBalancer' }));
    const service = { ...mirrored, name: 'postgres-followers', role: 'followers', type: 'ClusterIP' };
    expect(plan).toStrictEqual({ service, pods: [] });
  });

  it('lists the pods by creation, in whichever order they came', () => {
    const world = aWorld({ followers: 'true' });
    for (const name of ['pg-3', 'pg-1', 'pg-2']) world.setPod(aPod({ name }));
    expect(followersOf(world)?.pods.map(({ name }) => name)).toEqual(['pg-1', 'pg-2', 'pg-3']);
  });

  it('takes a name of 63 characters, and the default one too', () => {
    const name = 'p'.repeat(63 - '-followers'.length);
    const world = aWorld();
    world.setSource(aService({ followers: 'true' }, { name }));
    const plan = assess(world.snapshot(name), T0).decision.plan;
    expect(plan?.followers).toMatchObject({ service: { name: `${name}-followers` } });
  });

  const foreign = (name: string, serviceName = 'x') => ({
    metadata: { name, labels: { 'kubernetes.io/service-name': serviceName } },
    addressType: 'IPv4',
    endpoints: [],
    ports: [],
  });

  it.each(['postgres-followers-ipv4', 'postgres-followers-ipv6'])('is none where %s has another owner', (name) => {
    const world = aWorld({ followers: 'true' });
    world.create('endpointslices', foreign(name));
    expect(followersOf(world)).toBeNull();
  });

  it('stands beside a slice and a Service of another owner that are not in its way', () => {
    const world = aWorld({ followers: 'true' });
    world.reconcile(T0);
    world.create('services', { metadata: { name: 'taken' }, spec: { selector: { a: 'b' }, ports: [{ port: 1 }] } });
    world.create('endpointslices', foreign('by-hand', 'postgres-leader'));
    world.setSource(aService({ followers: 'true', 'leader-service-name': 'taken' }));
    expect(followersOf(world)).toMatchObject({ service: { name: 'postgres-followers' } });
  });
});

describe('the slices of followers', () => {
  const spec = (world: World, name: string) => world.slice(name)?.spec;

  it('are there for each family, and empty, where no pod follows', () => {
    const world = aWorld({ followers: 'true' }, { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' });
    world.reconcile(T0);
    for (const [name, addressType] of [
      ['postgres-followers-ipv4', 'IPv4'],
      ['postgres-followers-ipv6', 'IPv6'],
    ] as const)
      expect(spec(world, name)).toEqual({ addressType, endpoints: [], ports: [] });
  });

  it('hold the pods that have an address of their family', () => {
    const world = aWorld({ followers: 'true' }, { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'PreferDualStack' });
    world.setPod(aPod({ name: 'pg-1', ips: ['10.0.0.2', 'fd00::2'] }));
    world.setPod(aPod({ name: 'pg-2', ips: ['10.0.0.3'] }));
    world.reconcile(T0);
    const addresses = (name: string) => spec(world, name)?.endpoints.flatMap((each) => each.addresses);
    expect(addresses('postgres-followers-ipv4')).toEqual(['10.0.0.2', '10.0.0.3']);
    expect(addresses('postgres-followers-ipv6')).toEqual(['fd00::2']);
  });
});
