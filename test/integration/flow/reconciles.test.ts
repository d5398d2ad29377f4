/** One look after the other at a flow whose API server is slow, refuses or is changed by others. */

import { describe, expect, it } from 'vitest';
import { hintData } from '../../../functions/flows/flowReconciler.ts';
import { ZenLeadError } from '../../../lib/errors.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { label } from '../../../lib/flow/state/names.ts';
import type { KubeApi, Resource } from '../../../lib/kube/kubeApi.ts';
import { aManualStep, aStep } from '../../support/objects/aFlow.ts';
import { aFlowReconciler } from '../../support/programs/aFlowReconciler.ts';

const names = (count: number) => Array.from({ length: count }, (_, index) => `s${index}`);
const overQuota = () =>
  new ZenLeadError('KUBE_FORBIDDEN', 'create: 403 exceeded quota: none, requested: 1', { retry: 'later' });
const stepOf = (object: object): string => Object(object).metadata.labels?.[label.step] ?? '';

/** Each creation that `refuses` names is refused so. */
const refusing =
  (refuses: (resource: Resource, object: object) => ZenLeadError | undefined) =>
  (api: KubeApi): Partial<KubeApi> => ({
    create(resource, namespace, object, signal) {
      const error = refuses(resource, object);
      return error === undefined ? api.create(resource, namespace, object, signal) : Promise.reject(error);
    },
  });

describe('what takes long to read', () => {
  it('is read for as many steps as may start, and each look starts some', async () => {
    let now = Date.now();
    const slow = (api: KubeApi): Partial<KubeApi> => ({
      get(resource, ...rest) {
        if (resource.plural === 'configmaps') now += 9;
        return api.get(resource, ...rest);
      },
    });
    const flow = await aFlowReconciler(slow, () => now);
    const inputOf = (key: string) => {
      const configMapKeyRef = { name: 'settings', key };
      return { inputs: { parameters: [{ name: 'mode', valueFrom: { configMapKeyRef } }] } };
    };
    flow.objects.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'default', name: 'settings' },
      data: Object.fromEntries(names(400).map((name) => [name, 'fast'])),
    });
    flow.apply({ parallelism: 120, steps: names(400).map((name) => aStep(name, [], inputOf(name))) });
    expect(await flow.look()).toMatchObject({ recheckAfterMs: 0 });
    expect(flow.jobs()).toHaveLength(50);
    expect(flow.calls.filter((call) => call === 'get configmaps')).toHaveLength(50);
    expect(await flow.look()).toMatchObject({ recheckAfterMs: 0 });
    expect(flow.jobs()).toHaveLength(100);
    const last = await flow.look();
    expect(flow.jobs()).toHaveLength(120);
    expect(last.recheckAfterMs).not.toBe(0);
  });

  it('is kept when the state grew too old meanwhile, and what is known by then is decided on', async () => {
    let now = Date.now();
    const slow = (api: KubeApi): Partial<KubeApi> => ({
      list(resource, ...rest) {
        if (resource.plural === 'pods') now += 100;
        return api.list(resource, ...rest);
      },
    });
    const flow = await aFlowReconciler(slow, () => now);
    const retryPolicy = { limit: 1, when: 'exitCode == 3' };
    flow.apply({ steps: names(64).map((name) => aStep(name, [], { continueOnFailure: true, retryPolicy })) });
    for (let count = 0; count < 2; count += 1) await flow.look();
    expect(flow.jobs()).toHaveLength(64);
    for (const name of names(64)) flow.end(name, 'Failed');
    const failed = () => Object.values(flow.phases()).filter((phase) => phase === 'Failed').length;
    expect(await flow.look()).toMatchObject({ recheckAfterMs: 0 });
    expect(failed()).toBe(32);
    expect(await flow.look()).toMatchObject({ decision: 'finished' });
    expect(failed()).toBe(64);
    expect(flow.calls.filter((call) => call === 'list pods')).toHaveLength(64);
  });
});

describe('what the API server refuses', () => {
  it('keeps the Jobs away that would mount it, and no others', async () => {
    const claim = { metadata: { name: 'work' }, spec: { resources: { requests: { storage: '1Gi' } } } };
    const volume = { name: 'v', persistentVolumeClaim: { claimName: 'work' } };
    const pod = { restartPolicy: 'Never', containers: [{ name: 'm', image: 'i:1' }], volumes: [volume] };
    const mounts = { template: { spec: { template: { spec: pod } } } };
    const spec: JsonObject = {
      resourceTemplates: { volumeClaimTemplates: [claim] },
      steps: [
        { name: 'a', ...mounts, continueOnFailure: true },
        { name: 'b', ...mounts, continueOnFailure: true },
        aStep('c'),
      ],
    };
    const later = await aFlowReconciler(
      refusing(({ plural }) => (plural === 'persistentvolumeclaims' ? overQuota() : undefined)),
    );
    later.apply(spec);
    await later.look();
    expect(later.jobs()).toEqual(['c/1']);
    const reasons = later.status()?.steps.map(({ reason }) => reason);
    expect(reasons).toEqual(['Quota', 'Quota', null]);
    const never = await aFlowReconciler(
      refusing(({ plural }) =>
        plural === 'persistentvolumeclaims' ? new ZenLeadError('KUBE_INVALID', '422', { retry: 'never' }) : undefined,
      ),
    );
    never.apply(spec);
    await never.look();
    expect(never.jobs()).toEqual(['c/1']);
    expect(never.phases()).toEqual({ a: 'Failed', b: 'Failed', c: 'Running' });
  });

  it('for good is told with what was made, which is not made again (Z2)', async () => {
    const invalid = new ZenLeadError('KUBE_INVALID', '422', { retry: 'never' });
    const flow = await aFlowReconciler(refusing((_, object) => (stepOf(object) === 'a' ? invalid : undefined)));
    flow.apply({ steps: [aStep('a', [], { continueOnFailure: true }), aStep('b'), aStep('c')] });
    const { changes } = await flow.look();
    expect(changes.map(({ step, to }) => `${step} ${to}`)).toEqual(flow.told);
    expect(flow.told).toEqual(['a Running', 'b Running', 'c Running', 'a Failed']);
    expect(flow.calls.filter((call) => call === 'create jobs')).toHaveLength(3);
  });

  it('for a quota is answered with the reason, and asked for less and less often', async () => {
    let now = Date.now();
    let isFull = true;
    const flow = await aFlowReconciler(
      refusing((_, object) => (isFull && stepOf(object) === 'a' ? overQuota() : undefined)),
      () => now,
    );
    flow.apply({ steps: [aStep('a'), aStep('b')] });
    const posts = () => flow.calls.filter((call) => call === 'create jobs').length;
    let reply = await flow.look();
    expect(reply).toMatchObject({
      changes: [
        { step: 'a', to: 'Running', reason: 'Quota' },
        { step: 'b', to: 'Running', reason: null },
      ],
      recheckAfterMs: 2_000,
    });
    expect(flow.failures).toHaveLength(1);
    const again = (fields: object = {}) =>
      flow.look({ ...hintData(reply.carry), change: { kind: 'JobFlow', name: 'nightly', verb: 'recheck', ...fields } });
    const waits: number[] = [];
    for (let count = 0; count < 10; count += 1) {
      // What our own writes show, before it is time.
      const before = posts();
      now += 1_000;
      reply = await again();
      expect(posts()).toBe(before);
      expect(flow.status()?.steps[0]).toMatchObject({ reason: 'Quota' });
      now += reply.recheckAfterMs ?? 0;
      reply = await again();
      expect(posts()).toBe(before + 1);
      waits.push(reply.recheckAfterMs ?? 0);
    }
    expect(waits.slice(0, 4)).toEqual([2_000, 4_000, 8_000, 16_000]);
    expect(waits.slice(-2)).toEqual([300_000, 300_000]);
    isFull = false;
    // A Job that has ended may have made room.
    reply = await again({ kind: 'Job' });
    expect(flow.jobs()).toEqual(['a/1', 'b/1']);
    expect(flow.status()?.steps[0]).toMatchObject({ reason: null });
    expect(reply.carry?.split(';')).toHaveLength(1);
  });

  it('because it is busy is answered with an error, and what was made is told', async () => {
    const busy = new ZenLeadError('KUBE_TOO_MANY_REQUESTS', '429', { retry: 'later', retryAfterMs: 5_000 });
    const flow = await aFlowReconciler(refusing((_, object) => (stepOf(object) === 'a' ? busy : undefined)));
    flow.apply({ steps: [aStep('a'), aStep('b')] });
    await expect(flow.look()).rejects.toBe(busy);
    expect(flow.jobs()).toEqual(['b/1']);
    expect(flow.told).toEqual(['a Running', 'b Running']);
  });
});

it('what was recorded before a conflict is told and answered', async () => {
  let conflicts = 1;
  const disturbed = (api: KubeApi): Partial<KubeApi> => ({
    delete(resource, ...rest) {
      if (resource.plural !== 'jobs' || conflicts-- <= 0) return api.delete(resource, ...rest);
      return Promise.reject(new ZenLeadError('KUBE_CONFLICT', '409', { retry: 'now' }));
    },
  });
  const flow = await aFlowReconciler(disturbed);
  flow.apply({ executionPolicy: { onFailure: 'Cancel' }, steps: [aStep('a'), aStep('b'), aManualStep('q', ['a'])] });
  await flow.look();
  flow.told.splice(0);
  flow.end('a', 'Failed');
  const { changes } = await flow.look();
  expect(flow.told).toEqual(['a Failed', 'b Failed', 'q Skipped']);
  expect(changes.map(({ step, to }) => `${step} ${to}`)).toEqual(flow.told);
  expect(flow.jobs()).toEqual(['a/1']);
});
