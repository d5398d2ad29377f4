import { describe, expect, it } from 'vitest';
import { readSituation } from '../../../lib/selection/situation.ts';
import type { ServiceView } from '../../../lib/selection/snapshot.ts';
import { aPod, aService, T0 } from '../../support/objects/builders.ts';
import { World } from '../../support/simulated/world.ts';

function aWorld(annotations: Record<string, string> = {}, overrides: Partial<ServiceView> = {}): World {
  const world = new World();
  world.setPod(aPod({ name: 'pg-0', ips: ['10.0.0.1', 'fd00::1'] }));
  world.setSource(aService(annotations, overrides));
  return world;
}
const families = (world: World) => readSituation(world.snapshot(), T0)?.families;
const external = { type: 'ExternalName', ipFamilies: [], selector: null } as const;

describe('the families of a source that has none', () => {
  it.each([[['IPv4']], [['IPv6']], [['IPv4', 'IPv6']]] as const)(
    'the families of a source that has none are those of its slices: %j',
    (ipFamilies) => {
      const world = aWorld({}, { ipFamilies });
      world.reconcile(T0);
      world.setSource(aService({}, external));
      expect(families(world)).toEqual(ipFamilies);
    },
  );

  it('the families of a source that has none are IPv4 where there is no slice', () => {
    expect(families(aWorld({}, external))).toEqual(['IPv4']);
  });
});

describe('a source', () => {
  it.each<[string, Partial<ServiceView>, boolean]>([
    ['with a selector', {}, true],
    ['without a selector', { selector: null }, false],
    ['with an empty selector', { selector: {} }, false],
    ['that is an ExternalName with a selector', { type: 'ExternalName' }, false],
  ])('%s is routable: %s', (_, overrides, isRoutable) => {
    expect(readSituation(aWorld({}, overrides).snapshot(), T0)?.isRoutable).toBe(isRoutable);
  });

  it('a source with enabled that cannot be read counts as enabled from our first object on', () => {
    const world = aWorld({ enabled: 'yes' });
    expect(readSituation(world.snapshot(), T0)?.isEnabled).toBe(false);
    world.setSource(aService());
    world.reconcile(T0);
    world.setSource(aService({ enabled: 'yes' }));
    for (const name of [...world.objects.endpointslices.keys()]) world.remove('endpointslices', name);
    expect(readSituation(world.snapshot(), T0)?.isEnabled).toBe(true);
  });

  it('a source that is going has a situation while one slice is left', () => {
    const world = aWorld();
    world.reconcile(T0);
    world.setSource(aService({}, { terminating: true }));
    expect(readSituation(world.snapshot(), T0)).not.toBeNull();
    world.remove('endpointslices', 'postgres-leader-ipv4');
    expect(readSituation(world.snapshot(), T0)).toBeNull();
  });
});

describe('a ports-mode that cannot be read', () => {
  const named = { ports: [{ name: '', protocol: 'TCP', port: 5432, targetPort: 'missing' }] } as const;

  it('a ports-mode that cannot be read is lenient while a pod is routed to, and changes no other rule', () => {
    const world = aWorld();
    world.reconcile(T0);
    world.setSource(aService({ 'ports-mode': 'some', 'min-ready-duration': '5s' }, named));
    const rules = {
      requirePorts: false,
      isChecked: false,
      minReadyMs: 5_000,
      primaryFamily: 'IPv4',
      ports: named.ports,
    };
    expect(readSituation(world.snapshot(), T0)?.choice.rules).toEqual(rules);
  });

  it('a ports-mode that cannot be read is strict where no pod is routed to', () => {
    const world = aWorld({ 'ports-mode': 'some' }, named);
    expect(readSituation(world.snapshot(), T0)?.choice.rules.requirePorts).toBe(true);
  });
});
