/** The policy of deploy/flow/guard on a real API server: who may write what of a flow. */

import { join, resolve } from 'node:path';
import { beforeAll, expect, test, vi } from 'vitest';
import type { JsonObject } from '../../lib/flow/spec/flowSpec.ts';
import { API_VERSION } from '../../lib/flow/state/names.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aManualStep, aStep, aTemplate } from '../support/objects/aFlow.ts';
import { aSchedule } from '../support/objects/aSchedule.ts';

const root = resolve(import.meta.dirname, '../..');
const controlPlane = useControlPlane({ controllerManager: false });

const rights = {
  author: [
    { apiGroups: ['workflow.kube-zen.io'], resources: ['jobflows', 'jobflowschedules'], verbs: ['*'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create'] },
  ],
  outsider: [{ apiGroups: ['workflow.kube-zen.io'], resources: ['jobflows', 'jobflowschedules'], verbs: ['*'] }],
  scheduler: [
    { apiGroups: ['workflow.kube-zen.io'], resources: ['jobflowschedules'], verbs: ['*'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create'] },
  ],
  approver: [
    { apiGroups: ['workflow.kube-zen.io'], resources: ['jobflows'], verbs: ['get', 'patch'] },
    { apiGroups: ['workflow.kube-zen.io'], resources: ['jobflows/approval'], verbs: ['update'] },
  ],
};

beforeAll(async () => {
  const { kubectl } = controlPlane();
  await kubectl('apply', '--server-side', '-k', join(root, 'deploy/flow/crds'));
  await kubectl('wait', '--for=condition=Established', '--timeout=20s', 'crd/jobflows.workflow.kube-zen.io');
  await kubectl('apply', '-k', join(root, 'deploy/flow/guard'));
  for (const [name, rules] of Object.entries(rights)) {
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules };
    await kubectl.withInput(JSON.stringify(role), 'apply');
    await kubectl('create', 'clusterrolebinding', name, `--clusterrole=${name}`, `--user=${name}`);
  }
  // The policy, and the rights, are in force a moment later.
  await vi.waitFor(
    () => expect(create('outsider', 'probe', { steps: [aStep('a')] })).rejects.toThrow('may not create Jobs'),
    {
      timeout: 30_000,
      interval: 200,
    },
  );
  await vi.waitFor(() => create('author', 'first', { steps: [aStep('a'), aManualStep('q', ['a'])] }), {
    timeout: 30_000,
    interval: 200,
  });
});

function create(user: keyof typeof rights, name: string, spec: object): Promise<string> {
  const flow = { apiVersion: API_VERSION, kind: 'JobFlow', metadata: { name, namespace: 'default' }, spec };
  return controlPlane().kubectl.withInput(JSON.stringify(flow), `--as=${user}`, 'create');
}

const annotate = (user: keyof typeof rights, name: string, ...annotations: readonly string[]): Promise<string> =>
  controlPlane().kubectl(`--as=${user}`, 'annotate', '--overwrite', 'jf', name, ...annotations);

const approved = 'approved.workflow.kube-zen.io/q';
const approvedBy = 'approved-by.workflow.kube-zen.io/q';

test('the guard refuses a flow of an author who may create no Jobs', async () => {
  await expect(create('outsider', 'refused', { steps: [aStep('a')] })).rejects.toThrow(
    'outsider may not create Jobs in namespace default, and a JobFlow creates them',
  );
  const patch = JSON.stringify({ spec: { parallelism: 2 } });
  await expect(
    controlPlane().kubectl('--as=outsider', 'patch', 'jf', 'first', '--type=merge', '-p', patch),
  ).rejects.toThrow('may not create Jobs');
});

test('the guard lets only an approver answer, and only in the own name', async () => {
  await expect(annotate('author', 'first', `${approved}=true`, `${approvedBy}=author`)).rejects.toThrow(
    'author may not approve: that takes the right to update jobflows/approval',
  );
  await expect(annotate('approver', 'first', `${approved}=true`)).rejects.toThrow('an answer says who gives it');
  await expect(annotate('approver', 'first', `${approved}=true`, `${approvedBy}=jane`)).rejects.toThrow(
    'an answer says',
  );
  await annotate('approver', 'first', `${approved}=true`, `${approvedBy}=approver`);
  await expect(annotate('author', 'first', `${approved}-`)).rejects.toThrow('may not approve');
  await annotate('author', 'first', 'note=kept');
});

test('the guard lets only the named answer, and not the one who started the flow', async () => {
  const { kubectl } = controlPlane();
  const question = (approval: JsonObject) => ({ steps: [aStep('a'), aManualStep('q', ['a'], { approval })] });
  const answer = (name: string) => annotate('approver', name, `${approved}=true`, `${approvedBy}=approver`);
  await create('author', 'named', question({ users: ['jane'], groups: ['ops'] }));
  await expect(answer('named')).rejects.toThrow('approver is not in approval.users, nor in one of approval.groups');
  await kubectl(
    '--as=approver',
    '--as-group=ops',
    'annotate',
    'jf',
    'named',
    `${approved}=true`,
    `${approvedBy}=approver`,
  );
  await create('author', 'mine', question({ users: ['approver'] }));
  await answer('mine');
  await create('author', 'second', question({ notInitiator: true }));
  await expect(answer('second')).rejects.toThrow('or who did is not known');
  const initiatedBy = 'workflow.kube-zen.io/initiated-by';
  await expect(annotate('author', 'second', `${initiatedBy}=author`)).rejects.toThrow('stays so');
  const flow = (by: string) => ({
    ...{ apiVersion: API_VERSION, kind: 'JobFlow', spec: question({ notInitiator: true }) },
    metadata: { name: 'third', namespace: 'default', annotations: { [initiatedBy]: by } },
  });
  await expect(kubectl.withInput(JSON.stringify(flow('eve')), '--as=author', 'create')).rejects.toThrow('stays so');
  await kubectl.withInput(JSON.stringify(flow('author')), '--as=author', 'create');
  await answer('third');
});

test('the guard lets only an approver skip a question, and any author skip a Job', async () => {
  const skip = (step: string) => `skip.workflow.kube-zen.io/${step}`;
  const needsRight = 'author may not skip a Manual step: that takes the right to update jobflows/approval';
  await create('author', 'skipped', { steps: [aStep('a'), aManualStep('q', ['a'])], finally: [aManualStep('z')] });
  await annotate('author', 'skipped', `${skip('a')}=true`, `${skip('unknown')}=true`);
  for (const step of ['q', 'z'])
    await expect(annotate('author', 'skipped', `${skip(step)}=true`)).rejects.toThrow(needsRight);
  await annotate('approver', 'skipped', `${skip('q')}=true`);
  for (const change of ['=false', '-'])
    await expect(annotate('author', 'skipped', `${skip('q')}${change}`)).rejects.toThrow(needsRight);
  await annotate('author', 'skipped', 'note=kept', `${skip('a')}-`);
  await annotate('approver', 'skipped', `${skip('q')}-`);
});

test('the guard asks of who skips a question what it asks of who answers it', async () => {
  const { kubectl } = controlPlane();
  const skip = 'skip.workflow.kube-zen.io/q=true';
  const question = (approval: JsonObject) => ({ steps: [aStep('a'), aManualStep('q', ['a'], { approval })] });
  await create('author', 'skip-named', question({ users: ['jane'], groups: ['ops'] }));
  await expect(annotate('approver', 'skip-named', skip)).rejects.toThrow('approver is not in approval.users');
  await kubectl('--as=approver', '--as-group=ops', 'annotate', 'jf', 'skip-named', skip);
  await create('author', 'skip-second', question({ notInitiator: true }));
  await expect(annotate('approver', 'skip-second', skip)).rejects.toThrow('or who did is not known');
});

test('the guard takes no skip that was there before its step became a question', async () => {
  const { kubectl } = controlPlane();
  const annotations = { 'skip.workflow.kube-zen.io/q': 'true' };
  const flow = (step: JsonObject) => ({
    ...{ apiVersion: API_VERSION, kind: 'JobFlow', metadata: { name: 'turned', namespace: 'default', annotations } },
    spec: { steps: [step] },
  });
  const write = (step: JsonObject, verb: 'create' | 'replace') =>
    kubectl.withInput(JSON.stringify(flow(step)), '--as=author', verb);
  await expect(write(aManualStep('q'), 'create')).rejects.toThrow('author may not skip a Manual step');
  await write(aStep('q'), 'create');
  await expect(write(aManualStep('q'), 'replace')).rejects.toThrow('author may not skip a Manual step');
});

test('the guard freezes the steps of a flow that has started, and nothing else', async () => {
  const { kubectl } = controlPlane();
  await create('author', 'frozen', { steps: [aStep('a')] });
  const patch = (spec: object) =>
    kubectl('--as=author', 'patch', 'jf', 'frozen', '--type=merge', '-p', JSON.stringify({ spec }));
  await patch({ parameters: { x: '1' } });
  const status = JSON.stringify({ status: { phase: 'Running', recordRevision: 1 } });
  await kubectl('patch', 'jf', 'frozen', '--subresource=status', '--type=merge', '-p', status);
  await expect(patch({ parameters: { x: '2' } })).rejects.toThrow('are frozen once a flow has started');
  await expect(patch({ steps: [aStep('b')] })).rejects.toThrow('are frozen');
  await expect(patch({ finally: [aStep('z')] })).rejects.toThrow('are frozen');
  await patch({ suspend: true });
  await patch({ shutdown: 'Stop', parallelism: 3 });
});

test('the guard takes a thousand steps, and a change of their flow', async () => {
  const steps = Array.from({ length: 1_000 }, (_, index) => ({ name: `s${index}`, templateRef: 'work' }));
  await create('author', 'thousand', { steps, templates: [{ name: 'work', template: aTemplate }] });
  const { kubectl } = controlPlane();
  const status = JSON.stringify({ status: { phase: 'Running', recordRevision: 1 } });
  await kubectl('patch', 'jf', 'thousand', '--subresource=status', '--type=merge', '-p', status);
  const patch = JSON.stringify({ spec: { suspend: true } });
  await kubectl('--as=author', 'patch', 'jf', 'thousand', '--type=merge', '-p', patch);
});

test('the guard takes a schedule only of an author who may create its flows and their Jobs', async () => {
  const { kubectl } = controlPlane();
  const make = (user: keyof typeof rights, name: string, metadata = {}) => {
    const jobFlowTemplate = { metadata, spec: { steps: [aStep('a')] } };
    return kubectl.withInput(JSON.stringify(aSchedule({ jobFlowTemplate }, name)), `--as=${user}`, 'create');
  };
  await vi.waitFor(
    () => expect(make('outsider', 'probe')).rejects.toThrow('outsider may not create Jobs in namespace default'),
    { timeout: 30_000, interval: 200 },
  );
  await expect(make('scheduler', 'refused')).rejects.toThrow('scheduler may not create JobFlows in namespace default');
  await make('author', 'taken', { labels: { team: 'reports' } });
  const answered = { annotations: { [approved]: 'true' } };
  await expect(make('author', 'answered', answered)).rejects.toThrow('answers are given to one flow that runs');
  const skipped = { annotations: { 'skip.workflow.kube-zen.io/q': 'true' } };
  await expect(make('author', 'skipped', skipped)).rejects.toThrow('answers are given to one flow that runs');
  await expect(make('author', 'labelled', { labels: { 'workflow.kube-zen.io/flow': 'x' } })).rejects.toThrow(
    'answers are given to one flow that runs',
  );
  const patch = (spec: object) => JSON.stringify({ spec });
  await kubectl('--as=author', 'patch', 'jfs', 'taken', '--type=merge', '-p', patch({ suspend: true }));
  await expect(
    kubectl('--as=outsider', 'patch', 'jfs', 'taken', '--type=merge', '-p', patch({ suspend: false })),
  ).rejects.toThrow('may not create Jobs');
});
