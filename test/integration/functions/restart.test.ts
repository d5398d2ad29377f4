/**
 * Counts what a `zen-lead run` that starts again asks of the API server, bridge and functions
 * together.
 */

import { afterEach, beforeEach, expect, it } from 'vitest';
import { type EmbeddedApiServer, startApiServer } from '../../../apiserver/startApiServer.ts';
import { startZenLead } from '../../../cli/serve/startZenLead.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import type { KubeApi, Resource } from '../../../lib/kube/kubeApi.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { addPod, addService } from '../../support/programs/bridgeBench.ts';

const SERVICES = ['a', 'b', 'c'] as const;

let server: EmbeddedApiServer;
beforeEach(async () => {
  server = await startApiServer();
  server.objects.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  for (const name of SERVICES) {
    addService(server, 'shop', name);
    for (const number of [0, 1]) addPod(server, 'shop', `${name}-${number}`, name);
  }
});
afterEach(() => server.close());

interface Run extends AsyncDisposable {
  /** All but watches, such as `create services`. */
  readonly calls: readonly string[];
  /** How many reconciles have succeeded. */
  reconciles(): Promise<number>;
}

function startRun(): Run {
  const metrics = createMetrics();
  const access = { server: server.url, origin: 'test', readCredentials: async () => ({ headers: {}, tls: {} }) };
  const api = createKubeApi(access, { metrics });
  const calls: string[] = [];
  const zenLead = startZenLead({
    api: noteCalls(api, calls),
    clusterName: 'test',
    namespaces: [],
    metrics,
    log: silentLogger,
  });
  return {
    calls,
    async reconciles() {
      const { values } = await metrics.reconciliations.get();
      return values.reduce((sum, { value }) => sum + value, 0);
    },
    async [Symbol.asyncDispose]() {
      await zenLead.close();
      await api.close();
    },
  };
}

function noteCalls(api: KubeApi, calls: string[]): KubeApi {
  const note = <Rest extends readonly unknown[], Result>(
    verb: string,
    call: (resource: Resource, ...rest: Rest) => Result,
  ) => {
    return (resource: Resource, ...rest: Rest): Result => {
      calls.push(`${verb} ${resource.plural}`);
      return call(resource, ...rest);
    };
  };
  return {
    ...api,
    list: note('list', api.list),
    get: note('get', api.get),
    create: note('create', api.create),
    mergePatch: note('patch', api.mergePatch),
    delete: note('delete', api.delete),
  };
}

function isAnnounced(name: string): boolean {
  const noteOf = (resource: string, of: string, key: string): unknown => {
    const annotations = server.objects.read({ resource, namespace: 'shop', name: of })?.metadata.annotations;
    return Object.entries(annotations ?? {}).find(([each]) => each === `zen-lead.io/${key}`)?.[1];
  };
  const epoch = noteOf('endpointslices', `${name}-leader-ipv4`, 'epoch');
  return epoch !== undefined && epoch === noteOf('services', `${name}-leader`, 'announced-epoch');
}

const tally = (calls: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries([...Map.groupBy(calls, (call) => call)].map(([call, all]) => [call, all.length]));

/** Of a bridge that starts: one for each of its watches, of zen-lead's slices and of the others. */
const firstLists = { 'list pods': 1, 'list services': 1, 'list endpointslices': 2 };
const poll = { timeout: 20_000, interval: 10 };

it('a restart with everything in place writes nothing, and its reconciles read nothing', async () => {
  {
    await using _before = startRun();
    await expect.poll(() => SERVICES.every(isAnnounced), poll).toBe(true);
  }
  await using run = startRun();
  await expect.poll(() => run.reconciles(), poll).toBeGreaterThanOrEqual(SERVICES.length);
  expect(tally(run.calls)).toEqual(firstLists);
});
