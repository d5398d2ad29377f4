import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { API_VERSION } from '../../../lib/flow/state/names.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { createWebhookMetrics } from '../../../lib/telemetry/webhookMetrics.ts';
import { makeCertificate } from '../../../webhooks/certificates/makeCertificate.ts';
import { createWebhookApp } from '../../../webhooks/createWebhookApp.ts';
import type { DryRun } from '../../../webhooks/dryRunTemplates.ts';
import { aManualStep, aStep } from '../../support/objects/aFlow.ts';

function anApp(dryRun: DryRun | null = null) {
  const metrics = createMetrics();
  const webhookMetrics = createWebhookMetrics(metrics.registry);
  const isReady = () => ({ ready: true, reasons: [] });
  const app = createWebhookApp({ dryRun, metrics, webhookMetrics, log: silentLogger, isReady });
  onTestFinished(() => app.close());
  return app;
}

const aFlow = (spec: object, annotations?: object) => ({
  apiVersion: API_VERSION,
  kind: 'JobFlow',
  metadata: { name: 'nightly', namespace: 'data', ...(annotations !== undefined && { annotations }) },
  spec,
});

function aReview(object: object | null, oldObject: object | null = null, operation = 'CREATE'): object {
  const userInfo = { username: 'jane' };
  const request = { uid: 'u-1', operation, namespace: 'data', name: 'nightly', userInfo, object, oldObject };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request };
}

interface Answer {
  readonly allowed?: boolean;
  readonly uid?: string;
  readonly warnings?: readonly string[];
  readonly status?: { readonly message: string };
  readonly patch?: string;
}

async function ask(path: string, review: object, dryRun: DryRun | null = null): Promise<Answer> {
  const answer = await anApp(dryRun).inject({ method: 'POST', url: path, payload: review });
  expect(answer.statusCode).toBe(200);
  return answer.json().response;
}

describe('the validating webhook', () => {
  it('takes a sound flow, and answers with the uid that was asked with', async () => {
    expect(await ask('/validate-jobflow', aReview(aFlow({ steps: [aStep('a')] })))).toEqual({
      uid: 'u-1',
      allowed: true,
    });
  });

  it.each([
    [
      'a circle, with its path',
      { steps: [aStep('a', 'b'), aStep('b', 'a')] },
      'dependencies go in a circle: a -> b -> a',
    ],
    [
      'a condition that names a later step',
      { steps: [aStep('a', [], { when: "steps.b.phase == 'x'" }), aStep('b')] },
      'step "b" may not have ended',
    ],
    ['an unknown field', { steps: [aStep('a', [], { whn: 'true' })] }, 'spec.steps[0].whn: is not a field'],
    [
      'a Go template, with its CEL form',
      { steps: [aStep('a'), aStep('b', 'a', { when: '{{ eq .steps.a.phase "Succeeded" }}' })] },
      "steps['a'].phase == 'Succeeded'",
    ],
    [
      'more than 512 KiB',
      { steps: Array.from({ length: 300 }, (_, index) => aStep(`s${index}`, [], { message: 'm'.repeat(2_000) })) },
      '524288 are allowed',
    ],
    ['no spec', null, 'spec: must be an object'],
  ])('refuses %s', async (_, spec, message) => {
    const answer = await ask('/validate-jobflow', aReview({ ...aFlow({}), spec }));
    expect(answer).toMatchObject({ allowed: false, status: { message: expect.stringContaining(message) } });
  });

  it('takes a memoized step whose image has no digest, and warns', async () => {
    const answer = await ask('/validate-jobflow', aReview(aFlow({ steps: [aStep('a', [], { memoize: {} })] })));
    const image = 'spec.steps[0].template.spec.template.spec.containers[0].image';
    expect(answer).toMatchObject({ allowed: true, warnings: [expect.stringContaining(`${image}: has no digest`)] });
  });

  it('takes every write that leaves the spec as it is', async () => {
    const bad = aFlow({ steps: [] });
    const labelled = { ...bad, metadata: { ...bad.metadata, labels: { a: 'b' } } };
    expect(await ask('/validate-jobflow', aReview(labelled, bad, 'UPDATE'))).toMatchObject({ allowed: true });
    expect(await ask('/validate-jobflow', aReview(null, bad, 'DELETE'))).toMatchObject({ allowed: true });
  });

  it('says what the API server refuses of a Job, and warns of what it did not say', async () => {
    const refused = [{ severity: 'error', path: 'spec.steps[0].template', message: 'no such field' }] as const;
    const refusing: DryRun = async () => ({ refused, warnings: [] });
    const unsure: DryRun = async () => ({ refused: [], warnings: ['not all tried'] });
    const review = aReview(aFlow({ steps: [aStep('a')] }));
    expect(await ask('/validate-jobflow', review, refusing)).toMatchObject({ allowed: false });
    expect(await ask('/validate-jobflow', review, unsure)).toMatchObject({
      allowed: true,
      warnings: ['not all tried'],
    });
  });
});

describe('the mutating webhook', () => {
  const patchOf = ({ patch = '' }: Answer): readonly { path: string; value: unknown }[] =>
    JSON.parse(Buffer.from(patch, 'base64').toString() || '[]');

  it('writes who created the flow, and the defaults', async () => {
    const spec = { steps: [aStep('a', [], { retryPolicy: {} }), aManualStep('q', [], { approval: {} })] };
    const patch = patchOf(
      await ask('/mutate-jobflow', aReview(aFlow(spec, { 'workflow.kube-zen.io/initiated-by': 'eve' }))),
    );
    const valueAt = (path: string) => patch.find((each) => each.path === path)?.value;
    expect(valueAt('/metadata/annotations/workflow.kube-zen.io~1initiated-by')).toBe('jane');
    expect(valueAt('/spec/executionPolicy')).toMatchObject({ backoffLimit: 6, concurrencyPolicy: 'Forbid' });
    expect(valueAt('/spec/steps/0/retryPolicy/backoff')).toMatchObject({ duration: '1s', factor: 2 });
    expect(valueAt('/spec/steps/1/approval/onTimeout')).toBe('Reject');
  });

  it('lets no later write change who created it', async () => {
    const before = aFlow({ steps: [aStep('a')] }, { 'workflow.kube-zen.io/initiated-by': 'jane' });
    const changed = aFlow({ steps: [aStep('a')] }, { 'workflow.kube-zen.io/initiated-by': 'eve' });
    const patch = patchOf(await ask('/mutate-jobflow', aReview(changed, before, 'UPDATE')));
    expect(patch).toContainEqual({
      op: 'add',
      path: '/metadata/annotations/workflow.kube-zen.io~1initiated-by',
      value: 'jane',
    });
  });

  it('lets no later write say who created a flow of which that is not known', async () => {
    const path = '/metadata/annotations/workflow.kube-zen.io~1initiated-by';
    const before = aFlow({ steps: [aStep('a')] });
    const claimed = aFlow({ steps: [aStep('a')] }, { 'workflow.kube-zen.io/initiated-by': 'eve' });
    expect(patchOf(await ask('/mutate-jobflow', aReview(claimed, before, 'UPDATE')))).toContainEqual({
      op: 'remove',
      path,
    });
    const noted = aFlow({ steps: [aStep('a')] }, { note: 'kept' });
    const patch = patchOf(await ask('/mutate-jobflow', aReview(noted, before, 'UPDATE')));
    expect(patch.filter((each) => each.path.startsWith('/metadata'))).toEqual([]);
  });
});

describe('what is no review', () => {
  it.each([
    ['text', 'application/json', 'x', 400],
    [
      'another version',
      'application/json',
      '{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{"uid":"1"}}',
      400,
    ],
    ['no request', 'application/json', '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}', 400],
    ['no JSON', 'text/html', 'x', 415],
    ['more than 3 MiB', 'application/json', `"${'x'.repeat(3 * 1_024 * 1_024)}"`, 413],
  ])('%s', async (_, type, payload, status) => {
    const answer = await anApp().inject({
      method: 'POST',
      url: '/validate-jobflow',
      headers: { 'content-type': type },
      payload,
    });
    expect(answer.statusCode).toBe(status);
  });

  it('a probe is answered', async () => {
    expect((await anApp().inject('/healthz')).statusCode).toBe(200);
  });
});

describe('a certificate of our own', () => {
  const life = { notBefore: Date.now() - 3_600_000, notAfter: Date.now() + 86_400_000 };
  const authority = makeCertificate({ commonName: 'authority', dnsNames: [], ...life });
  const leaf = makeCertificate(
    { commonName: 'webhook', dnsNames: ['webhook.zen-flow.svc', 'localhost'], ...life },
    { ...authority, commonName: 'authority' },
  );

  it('is signed by its authority, for its names and for servers alone', () => {
    const [read, by] = [new X509Certificate(leaf.cert), new X509Certificate(authority.cert)];
    expect(read.verify(by.publicKey)).toBe(true);
    expect(by.verify(by.publicKey)).toBe(true);
    expect(read.checkIssued(by)).toBe(true);
    expect({ leaf: read.ca, authority: by.ca }).toEqual({ leaf: false, authority: true });
    expect(read.checkHost('webhook.zen-flow.svc')).toBe('webhook.zen-flow.svc');
    expect(read.checkHost('other.zen-flow.svc')).toBeUndefined();
    expect(read.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(Date.parse(read.validTo)).toBe(Math.floor(life.notAfter / 1_000) * 1_000);
  });

  it('is trusted in a connection by those who know the authority, and by no others', async () => {
    const server = createServer({ cert: leaf.cert, key: leaf.key });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const tryWith = (ca: string) =>
      new Promise<string>((resolve) => {
        const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca }, () => resolve('trusted'));
        socket.on('error', ({ message }) => resolve(message));
        onTestFinished(() => void socket.destroy());
      });
    expect(await tryWith(authority.cert)).toBe('trusted');
    expect(await tryWith(makeCertificate({ commonName: 'authority', dnsNames: [], ...life }).cert)).not.toBe('trusted');
  });
});
