import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { putPod, putService } from '../../../support/objects/aNamespace.ts';
import { aReconcileEvent, structured } from '../../../support/objects/anEvent.ts';
import { startServer, type TestServer } from '../../../support/servers/functionsServer.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startServer();
  putPod(server.fake, 'db-0');
});
afterEach(() => server.close());

const reconcile = (name: string): Promise<Response> => {
  const { headers, body } = structured(aReconcileEvent({ subject: `namespaces/shop/services/${name}` }));
  return server.post(headers, body);
};
const listsOfPods = () =>
  server.fake.requests.filter(({ method, path }) => method === 'GET' && path.endsWith('/pods')).length;

it('a namespace is read once more for all the Services that are asked about while it is being read', async () => {
  const names = Array.from({ length: 20 }, (_, i) => `db-${i}`);
  const reading = Promise.withResolvers<undefined>();
  const started = Promise.withResolvers<void>();
  server.fake.before = ({ path }) => {
    if (!path.endsWith('/endpointslices')) return undefined;
    started.resolve();
    return reading.promise;
  };
  const first = reconcile('db-0');
  await started.promise;
  const others = names.slice(1).map(reconcile);
  await expect.poll(server.arrived, { message: 'the events that have arrived' }).toBe(names.length);
  // What has arrived is parsed before it asks for the read.
  for (let turns = 0; turns < 20; turns += 1) await turn();
  reading.resolve(undefined);
  const answers = await Promise.all([first, ...others]);
  expect(answers.map(({ status }) => status)).toEqual(names.map(() => 200));
  expect(listsOfPods()).toBe(2);
});

it('a caller that asks while a namespace is being read is not given that read: it may be older than the question', async () => {
  const reading = Promise.withResolvers<undefined>();
  const started = Promise.withResolvers<void>();
  server.fake.before = ({ method, path }) => {
    if (method !== 'GET' || !path.endsWith('/pods')) return undefined;
    started.resolve();
    return reading.promise;
  };
  const first = reconcile('none');
  await started.promise;
  putService(server.fake);
  const second = reconcile('db');
  reading.resolve(undefined);
  await first;
  expect(await (await second).json()).toMatchObject({ data: { leader: { name: 'db-0' } } });
});
