import { expect, it } from 'vitest';
import { createNewsDesk } from '../../../functions/flows/newsDesk.ts';
import { ZenLeadError } from '../../../lib/errors.ts';
import { advance, type Decision } from '../../../lib/flow/engine/advance.ts';
import type { StepChange } from '../../../lib/flow/engine/progress.ts';
import type { FlowView } from '../../../lib/flow/state/snapshot.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { sharedFlowMetrics } from '../../simulation/sharedMetrics.ts';
import { createVirtualClock, settle } from '../../support/simulated/virtualClock.ts';

const flow = (name: string) =>
  ({ namespace: 'data', name, uid: `uid-${name}`, resourceVersion: '7', status: null }) as FlowView;
const still: Decision = advance(
  { flow: null, record: null, jobs: [], basis: 'read', revisions: { flows: '', jobs: '' } },
  0,
);
const change = (step: string, to: StepChange['to'], fields: Partial<StepChange> = {}): StepChange => ({
  step,
  from: 'Pending',
  to,
  reason: null,
  attempt: 1,
  ...fields,
});
const changes = (...list: readonly StepChange[]): Decision => ({ ...still, changes: list });

function aDesk(answer: (event: object) => unknown = () => ({})) {
  const clock = createVirtualClock();
  const written: string[] = [];
  const api = {
    async create(_resource: unknown, _namespace: unknown, event: object) {
      const { reason, note, regarding, metadata } = Object(event);
      await answer(metadata);
      written.push(`${regarding.name} ${reason} ${note}`);
    },
  } as unknown as KubeApi;
  const desk = createNewsDesk({
    api,
    log: silentLogger,
    metrics: sharedFlowMetrics,
    now: clock.now,
    setTimer: clock.setTimer,
  });
  return { clock, desk, written };
}

it('puts what steps of one flow do alike within a second into one Event', async () => {
  const { clock, desk, written } = aDesk();
  desk.tell(flow('f'), changes(change('a', 'Running')));
  await clock.advance(400);
  desk.tell(
    flow('f'),
    changes(change('a', 'Succeeded'), change('b', 'Running'), change('c', 'Running', { attempt: 2 })),
  );
  await clock.advance(599);
  expect(written).toEqual([]);
  await clock.advance(1);
  expect(written).toEqual([
    'f StepCreated steps a, b: attempt 1 starts',
    'f StepSucceeded step a: succeeded',
    'f StepCreated step c: attempt 2 starts',
  ]);
});

it('writes at once what a person may have to act on, though other news are held', async () => {
  const { desk, written } = aDesk();
  desk.tell(flow('f'), changes(change('a', 'Running')));
  desk.tell(flow('g'), {
    ...changes(change('b', 'Failed', { reason: 'JobFailed' })),
    phase: 'Failed',
    reason: 'StepFailed',
  });
  desk.tell(flow('h'), changes(change('c', 'PendingApproval')));
  await settle();
  expect(written).toEqual([
    'g StepFailed step b: failed with attempt 1: JobFailed',
    'g JobFlowFailed the flow failed: StepFailed',
    'h StepPendingApproval step c: waits for an approval',
  ]);
});

it('says when a flow pauses and goes on, and why, and each once', async () => {
  const { desk, written } = aDesk();
  const at = (phase: Decision['phase'], ...list: readonly StepChange[]): Decision => ({ ...changes(...list), phase });
  const seenAs = (phase: Decision['phase']) => ({ ...flow('f'), status: { phase } }) as FlowView;
  const approved = change('q', 'Succeeded', { from: 'PendingApproval', reason: 'Approved' });
  desk.tell(seenAs('Running'), at('Paused'));
  desk.tell(seenAs('Paused'), at('Running', approved));
  desk.tell(seenAs('Paused'), at('Suspended'));
  desk.tell(seenAs('Suspended'), at('Running'));
  desk.tell(seenAs('Paused'), at('Finalizing'));
  // Told before, in the same reconcile.
  desk.tell(seenAs('Running'), at('Paused'), 'Paused');
  await settle();
  expect(written).toEqual([
    'f FlowPaused paused waiting for manual approval',
    'f StepApproved step q: approved',
    'f FlowResumed resumed after approval',
    'f FlowPaused suspended: the flow starts nothing for now',
    'f FlowResumed resumed: the flow is no longer suspended',
    'f FlowResumed resumed: not only people are waited for',
  ]);
});

it('writes no more than 20 Events a second about what goes by itself', async () => {
  const { clock, desk, written } = aDesk();
  for (let index = 0; index < 100; index += 1) desk.tell(flow(`f${index}`), changes(change('a', 'Running')));
  await clock.advance(1_000 + 2_000);
  expect(written.length).toBeGreaterThanOrEqual(40);
  expect(written.length).toBeLessThanOrEqual(41);
  await clock.advance(3_000);
  expect(written).toHaveLength(100);
});

it('names as many steps as a note has room for, and counts the others', async () => {
  const { clock, desk, written } = aDesk();
  const steps = Array.from({ length: 500 }, (_, index) => change(`step-${index}`, 'Running'));
  desk.tell(flow('f'), changes(...steps));
  await clock.advance(1_000);
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(/^f StepCreated steps step-0, step-1, .* and 4\d\d more: attempt 1 starts$/);
  expect(written[0]?.length).toBeLessThan(280);
});

it('goes on after an Event that was written before, and after one that was refused', async () => {
  const { clock, desk, written } = aDesk(({ name }: { readonly name?: string }) => {
    if (name?.startsWith('known.')) throw new ZenLeadError('KUBE_ALREADY_EXISTS', 'exists', { retry: 'never' });
    if (name?.startsWith('refused.')) throw new ZenLeadError('KUBE_FORBIDDEN', 'no', { retry: 'later' });
  });
  for (const name of ['known', 'refused', 'f']) desk.tell(flow(name), changes(change('a', 'Running')));
  await clock.advance(2_000);
  expect(written).toEqual(['f StepCreated step a: attempt 1 starts']);
});

it('writes what it holds when it is closed, and gives up where nothing answers', async () => {
  const { desk, written } = aDesk();
  desk.tell(flow('f'), changes(change('a', 'Running')));
  desk.tell(flow('g'), changes(change('a', 'Running')));
  await desk.close();
  expect(written).toHaveLength(2);
  const silent = aDesk(() => new Promise(() => undefined));
  silent.desk.tell(flow('f'), changes(change('a', 'Running')));
  const closed = silent.desk.close();
  await silent.clock.advance(2_000);
  await expect(closed).resolves.toBeUndefined();
});
