import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkChoosable } from '../../../../cli/edit/checkPin.ts';
import { readCurrentState } from '../../../../cli/edit/currentState.ts';
import { joinObservations } from '../../../../lib/selection/joinObservations.ts';
import type { PodObservation } from '../../../../lib/selection/observation.ts';
import { putPod, putService } from '../../../support/objects/aNamespace.ts';
import { type Harness, signal, startHarness } from '../../../support/servers/functionsHarness.ts';

const check = 'tcp://:5432';
const service = { namespace: 'shop', name: 'db' };

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
  annotate({});
  for (const name of ['db-0', 'db-1']) putPod(harness.fake, name);
  await harness.settle();
});
afterEach(() => harness.fake.close());

const annotate = (annotations: Readonly<Record<string, string>>) =>
  putService(harness.fake, { 'zen-lead.io/health-check': check, ...annotations });

/** The leader is db-0, and a bridge says that it fails its check. */
async function leaveForTheCheck(): Promise<void> {
  const snapshot = await harness.snapshot();
  const pods = snapshot.candidates.map(({ uid, name }): PodObservation => {
    return { uid, check, verdict: name === 'db-0' ? 'failing' : 'passing', since: harness.clock.now };
  });
  const observations = { observer: 'bridge-0', pods };
  await harness.reconcile({}, { observations, snapshot: joinObservations(snapshot, observations) });
}

it('waits for the pod of a pin, although without a verdict the rules would keep the leader', async () => {
  annotate({ 'zen-lead.io/pin-leader': 'db-1' });
  const { decision, isRouted } = await readCurrentState(harness.fake.api, service, signal);
  expect(decision).toMatchObject({ reason: 'Pinned', leader: { name: 'db-1' } });
  expect(isRouted).toBe(false);
});

it('waits for nothing where a check explains that another pod leads than the strategy prefers', async () => {
  await leaveForTheCheck();
  annotate({ 'zen-lead.io/sticky': 'false' });
  const { decision, isRouted, record } = await readCurrentState(harness.fake.api, service, signal);
  expect(record.leader?.name).toBe('db-1');
  expect(decision).toMatchObject({ reason: 'Preferred', leader: { name: 'db-0' } });
  expect(isRouted).toBe(true);
});

it('refuses a choice of a person where the pods say which one leads', async () => {
  annotate({ 'zen-lead.io/role-check': 'redis://:6379' });
  const state = await readCurrentState(harness.fake.api, service, signal);
  expect(() => checkChoosable(state, service)).toThrow('move the primary in the application');
  annotate({});
  expect(() => checkChoosable(state, service)).toThrow();
  checkChoosable(await readCurrentState(harness.fake.api, service, signal), service);
});
