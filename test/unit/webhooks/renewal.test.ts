/** How a certificate of our own is renewed while it serves, and how a webhook ends. */

import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ZenLeadError } from '../../../lib/errors.ts';
import type { KubeApi, Resource } from '../../../lib/kube/kubeApi.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { type OwnCertificate, takeCertificate } from '../../../webhooks/certificates/ownCertificates.ts';
import { renewOwnCertificate } from '../../../webhooks/certificates/renewOwnCertificate.ts';
import { startWebhook } from '../../../webhooks/startWebhook.ts';
import { anAgedSecret } from '../../support/objects/anAgedSecret.ts';

const DAY_MS = 86_400_000;
const EVERY_MS = 60_000;
const validating = 'validatingwebhookconfigurations/flows';

beforeEach(() => {
  vi.useFakeTimers({
    now: Date.UTC(2026, 10, 29),
    toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Holds one Secret and one configuration. */
function anApi() {
  const objects = new Map<string, object>([[validating, { webhooks: [{ clientConfig: { url: 'https://x' } }] }]]);
  const keyOf = ({ plural }: Resource, name: string) => `${plural}/${name}`;
  const api: Partial<KubeApi> = {
    async get(resource, _namespace, name) {
      const found = objects.get(keyOf(resource, name));
      if (found === undefined) throw new ZenLeadError('KUBE_NOT_FOUND', 'none', { retry: 'now' });
      return found;
    },
    async create(resource, _namespace, object) {
      objects.set(keyOf(resource, 'tls'), object);
      return object;
    },
    async mergePatch(resource, _namespace, name, patch) {
      objects.set(keyOf(resource, name), { ...objects.get(keyOf(resource, name)), ...patch });
      return {};
    },
  };
  const { get, create, mergePatch } = api;
  return { objects, api: { get, create, mergePatch } as unknown as KubeApi };
}

async function aServer(secret: object) {
  const { objects, api } = anApi();
  objects.set('secrets/tls', secret);
  const names = { namespace: 'zen-flow', secret: 'tls', service: 'webhook', configuration: 'flows' };
  const own = { ...names, api, now: Date.now };
  const { signal } = new AbortController();
  const first = await takeCertificate(own, signal);
  const served: OwnCertificate[] = [];
  const serve = (next: OwnCertificate) => void served.push(next);
  const end = renewOwnCertificate({ own, first, everyMs: EVERY_MS, log: silentLogger, signal, serve });
  await vi.advanceTimersByTimeAsync(0);
  const trusted = (): string => {
    const { webhooks } = objects.get(validating) as { webhooks: { clientConfig: { caBundle?: string } }[] };
    return Buffer.from(webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString();
  };
  return { objects, first, served, trusted, end };
}

const countOf = (authorities: string) => authorities.split('BEGIN CERTIFICATE').length - 1;

describe('a certificate that is renewed', () => {
  it('serves one look after its authority was published, beside the one before', async () => {
    const { first, served, trusted, end } = await aServer(anAgedSecret(29 * DAY_MS));
    expect(first.renewAt).toBeLessThan(Date.now());
    expect(countOf(trusted())).toBe(2);
    expect(trusted()).toContain(first.authorities);
    await vi.advanceTimersByTimeAsync(EVERY_MS - 1);
    expect(served).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(served.map(({ authorities }) => authorities)).toEqual([trusted()]);
    await vi.advanceTimersByTimeAsync(5 * EVERY_MS);
    expect(served.length).toBe(1);
    end();
  });

  it('serves at once where a person has removed the Secret, because nobody trusts the one before', async () => {
    const { objects, first, served, trusted, end } = await aServer(anAgedSecret(29 * DAY_MS));
    objects.delete('secrets/tls');
    await vi.advanceTimersByTimeAsync(EVERY_MS);
    expect(trusted()).not.toContain(first.authorities);
    expect(served.map(({ authorities }) => authorities)).toEqual([trusted()]);
    end();
  });

  it('is not waited for at the start where the one that is there has not expired', async () => {
    const aged = await aServer(anAgedSecret(1_000));
    expect(aged.first.expiresAt - Date.now()).toBe(1_000);
    aged.end();
    const { first, end } = await aServer(anAgedSecret(-1_000));
    expect(first.expiresAt).toBeGreaterThan(Date.now() + 80 * DAY_MS);
    end();
  });
});

describe('a webhook that ends', () => {
  it('does not wait for a connection on which nothing was asked', async () => {
    const { objects, api } = anApi();
    objects.set('secrets/tls', anAgedSecret(60 * DAY_MS));
    const own = { namespace: 'zen-flow', secret: 'tls', service: 'webhook', configuration: 'flows' };
    const options = { host: '127.0.0.1', port: 0, files: undefined, triesJobs: false, log: silentLogger };
    const webhook = await startWebhook({ api, own, ...options, metrics: createMetrics(), now: Date.now });
    const socket = connect({ port: Number(new URL(webhook.url).port), rejectUnauthorized: false });
    // The server has ended its part of the handshake, too.
    await once(socket, 'session');
    const ended = once(socket, 'close');
    const closed = webhook.close();
    await vi.advanceTimersByTimeAsync(5_000);
    await Promise.all([closed, ended]);
  });
});
