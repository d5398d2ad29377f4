import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { annotation } from '../../../../lib/selection/names.ts';
import { type OutsideVerdict, parseVerdicts } from '../../../../lib/selection/outsideVerdict.ts';
import { putPod, putService, routedPod } from '../../../support/objects/aNamespace.ts';
import { aReconcileEvent, structured } from '../../../support/objects/anEvent.ts';
import { aTokenIssuer, type TokenIssuer } from '../../../support/servers/aTokenIssuer.ts';
import { failure } from '../../../support/servers/fakeApi.ts';
import { startServer, type TestServer } from '../../../support/servers/functionsServer.ts';

const ALERTMANAGER = 'system:serviceaccount:monitoring:alertmanager';
const OPERATOR = 'system:serviceaccount:shop:operator';
const BRIDGE = 'system:serviceaccount:zen-lead:zen-lead-bridge';
const REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
const UNFIT = { pod: 'db-0', fit: false };

let issuer: TokenIssuer;
let server: TestServer;
let monotonic: number;

beforeAll(async () => {
  issuer = await aTokenIssuer();
});
beforeEach(async () => {
  monotonic = 0;
  server = await start();
});
afterEach(() => server.close());

/** Three pods and a leader, db-0. Everybody may report. */
async function start(acceptVerdicts = true): Promise<TestServer> {
  const started = await startServer({ trustedSender: BRIDGE, acceptVerdicts, monotonicNow: () => monotonic });
  putService(started.fake);
  for (const name of ['db-0', 'db-1', 'db-2']) putPod(started.fake, name);
  issuer.publishOn(started.fake);
  allow(started, true);
  await expect.poll(async () => (await fetch(`${started.functions.url}/readyz`)).status).toBe(200);
  const { headers, body } = structured(aReconcileEvent({ data: { ...aReconcileEvent().data, deadline: 0 } }));
  const answer = await started.post({ ...headers, authorization: await bearer(BRIDGE) }, body);
  expect({ status: answer.status, leader: routedPod(started.fake) }).toEqual({ status: 200, leader: 'db-0' });
  return started;
}
const allow = ({ fake }: TestServer, allowed: boolean) => fake.paths.set(REVIEWS, { status: { allowed } });
const bearer = async (sub: string, changes = {}) => `Bearer ${await issuer.sign(sub, changes)}`;

interface Told {
  readonly status: number;
  readonly body: { readonly code?: string; readonly message?: string; readonly data?: { readonly reason: string } };
  readonly retryAfter: string | null;
}

async function tell(response: Response): Promise<Told> {
  return {
    status: response.status,
    body: (await response.json()) as Told['body'],
    retryAfter: response.headers.get('retry-after'),
  };
}

async function report(data: object, authorization?: string, subject = 'namespaces/shop/services/db'): Promise<Told> {
  const event = { specversion: '1.0', id: '1', source: '/alerts', type: 'io.zen-lead.verdict.reported', subject, data };
  const headers = { 'content-type': 'application/cloudevents+json' };
  const body = JSON.stringify(event);
  return tell(await server.post({ ...headers, ...(authorization !== undefined && { authorization }) }, body));
}

async function alert(alerts: readonly object[], authorization?: string): Promise<Told> {
  const payload = { version: '4', status: 'firing', receiver: 'zen-lead', alerts };
  const response = await fetch(`${server.functions.url}/v1/alerts`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: authorization ?? (await bearer(ALERTMANAGER)),
    },
    body: JSON.stringify(payload),
  });
  return tell(response);
}
const anAlert = (pod: string, status: 'firing' | 'resolved', labels: Record<string, string> = {}) => ({
  status,
  labels: { alertname: 'DiskFull', namespace: 'shop', service: 'db', pod, ...labels },
  annotations: { summary: 'the disk is full' },
});

function recorded(): readonly OutsideVerdict[] {
  const annotations = server.fake.find('endpointslices', 'db-leader-ipv4')?.metadata['annotations'];
  return parseVerdicts((annotations as Record<string, string>)[annotation.verdicts]);
}
const reviews = () => server.fake.requests.filter(({ path }) => path === REVIEWS);

describe('a report', () => {
  it('a report moves the leader before it is answered, and names its caller', async () => {
    const before = Date.now();
    const told = await report({ ...UNFIT, forSeconds: 60, reason: 'disk full' }, await bearer(OPERATOR));
    expect(told).toMatchObject({ status: 200, body: { data: { reason: 'LeaderReported' } } });
    expect(routedPod(server.fake)).toBe('db-1');
    expect(recorded()).toMatchObject([{ fit: false, by: OPERATOR, reason: 'disk full' }]);
    expect(recorded()[0]?.until).toBeGreaterThanOrEqual(before + 60_000);
    expect(await server.metrics.registry.getSingleMetricAsString('zen_lead_verdicts_recorded_total')).toContain(
      'service="db",verdict="unfit"} 1',
    );
  });

  it('a report counts for 300 s where it says no time', async () => {
    await report(UNFIT, await bearer(OPERATOR));
    expect(Math.abs((recorded()[0]?.until ?? 0) - Date.now() - 300_000)).toBeLessThan(60_000);
  });

  it('a report tells a caller nothing of pods, addresses and nodes but the leader', async () => {
    expect(JSON.stringify(await report(UNFIT, await bearer(OPERATOR)))).not.toContain('10.0.0.');
  });

  it('the right of the caller on that Service is asked for', async () => {
    await report(UNFIT, await bearer(OPERATOR, { 'kubernetes.io': { serviceaccount: { uid: 'u1' } } }));
    expect(reviews()[0]?.body).toMatchObject({
      spec: {
        user: OPERATOR,
        uid: 'u1',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
        resourceAttributes: {
          ...{ group: 'zen-lead.io', resource: 'verdicts', verb: 'report', namespace: 'shop', name: 'db' },
        },
      },
    });
  });

  it('a caller without the right changes nothing, and learns nothing of the Service', async () => {
    allow(server, false);
    const told = await report(UNFIT, await bearer(OPERATOR));
    expect(told).toMatchObject({ status: 403, body: { code: 'REPORT_REFUSED' } });
    expect(await report(UNFIT, await bearer(OPERATOR), 'namespaces/shop/services/none')).toMatchObject({ status: 403 });
    expect({ leader: routedPod(server.fake), recorded: recorded() }).toEqual({ leader: 'db-0', recorded: [] });
  });

  it.each<[string, number, () => Promise<string | undefined>]>([
    ['no token', 401, async () => undefined],
    ['a token of another audience', 401, () => bearer(OPERATOR, { aud: ['kubernetes'] })],
    ['a token that has expired', 401, () => bearer(OPERATOR, { exp: 1 })],
    ['a token of no service account', 403, () => bearer('jane')],
    ['a token whose subject is a list', 403, () => bearer('', { sub: [OPERATOR] })],
  ])('a report with %s is answered %i, and nothing is asked of the API server', async (_, status, authorization) => {
    expect(await report(UNFIT, await authorization())).toMatchObject({ status });
    expect({ reviews: reviews(), recorded: recorded() }).toEqual({ reviews: [], recorded: [] });
  });

  it('a reporter of verdicts has no other event taken', async () => {
    const { headers, body } = structured(aReconcileEvent());
    const told = await tell(await server.post({ ...headers, authorization: await bearer(OPERATOR) }, body));
    expect(told).toMatchObject({ status: 403, body: { code: 'WRONG_SENDER' } });
  });

  it.each<[string, object]>([
    ['data.fit', { pod: 'db-0' }],
    ['data.pod', { fit: false, pod: '' }],
    ['data.forSeconds', { ...UNFIT, forSeconds: 3_601 }],
    ['data.forSeconds', { ...UNFIT, forSeconds: 0 }],
    ['data.reason', { ...UNFIT, reason: 'x'.repeat(129) }],
    ['data.uid', { ...UNFIT, uid: 'of an older pod' }],
    ['data.pod', { fit: false, pod: 'db-9' }],
  ])('a report whose %s cannot be taken is answered 400, and says so: %j', async (path, data) => {
    const told = await report(data, await bearer(OPERATOR));
    expect(told).toMatchObject({ status: 400, body: { code: 'INPUT_INVALID', path } });
    expect(recorded()).toEqual([]);
  });

  it('after 30 reports in a minute a reporter waits, and another one does not', async () => {
    const mine = await bearer(OPERATOR);
    for (let count = 0; count < 30; count += 1) expect((await report({ ...UNFIT, fit: true }, mine)).status).toBe(200);
    monotonic = 20_000;
    const asked = reviews().length;
    expect(await report(UNFIT, mine)).toMatchObject({ status: 429, body: { code: 'BUSY' }, retryAfter: '40' });
    expect(reviews().length).toBe(asked);
    expect(await report(UNFIT, await bearer(ALERTMANAGER))).toMatchObject({ status: 200 });
    monotonic = 60_000;
    expect(await report(UNFIT, mine)).toMatchObject({ status: 200 });
  });

  it('a report beside another write is recorded on the state after it', async () => {
    let isFirst = true;
    server.fake.before = ({ method, path }) => {
      if (method !== 'PATCH' || !path.includes('endpointslices') || !isFirst) return undefined;
      isFirst = false;
      return failure(409, 'Conflict');
    };
    expect(await report(UNFIT, await bearer(OPERATOR))).toMatchObject({ status: 200 });
    expect(recorded()).toHaveLength(1);
  });

  it('without --accept-verdicts a report is refused', async () => {
    await server.close();
    server = await start(false);
    expect(await report(UNFIT, await bearer(OPERATOR))).toMatchObject({ status: 403, body: { code: 'WRONG_SENDER' } });
    expect(await report(UNFIT, await bearer(BRIDGE))).toMatchObject({ status: 403, body: { code: 'REPORT_REFUSED' } });
    expect(await alert([anAlert('db-0', 'firing')], await bearer(BRIDGE))).toMatchObject({ status: 403 });
    expect(recorded()).toEqual([]);
  });
});

describe('the webhook of Alertmanager', () => {
  it('an alert that fires moves the leader, and its end takes the verdict back', async () => {
    expect(await alert([anAlert('db-0', 'firing')])).toMatchObject({ status: 200, body: { reported: 1, refused: [] } });
    expect(routedPod(server.fake)).toBe('db-1');
    expect(recorded()).toMatchObject([{ by: ALERTMANAGER, fit: false, reason: 'the disk is full' }]);
    expect(await alert([anAlert('db-0', 'resolved')])).toMatchObject({ status: 200 });
    expect(recorded()).toMatchObject([{ fit: true }]);
    expect(routedPod(server.fake)).toBe('db-1');
  });

  it('an alert that names no pod does not hide the others', async () => {
    const told = await alert([anAlert('', 'firing'), anAlert('db-0', 'firing'), anAlert('db-9', 'firing')]);
    expect(told).toMatchObject({
      status: 200,
      body: {
        reported: 1,
        refused: [
          { alert: 0, code: 'INPUT_INVALID', message: 'body.alerts.0.labels.pod: must name a pod' },
          { alert: 2, code: 'INPUT_INVALID' },
        ],
      },
    });
    expect(routedPod(server.fake)).toBe('db-1');
  });

  it('where no alert can be taken, the answer says why', async () => {
    const told = await alert([anAlert('db-0', 'firing', { service: 'No Name' })]);
    expect(told).toMatchObject({ status: 400, body: { path: 'body.alerts.0.labels.service' } });
    allow(server, false);
    expect(await alert([anAlert('db-0', 'firing')])).toMatchObject({ status: 403 });
  });

  it('an API server that does not answer has all of them sent again', async () => {
    server.fake.before = ({ path }) => (path === REVIEWS ? failure(503, 'ServiceUnavailable') : undefined);
    expect(await alert([anAlert('db-0', 'firing')])).toMatchObject({ status: 503, retryAfter: expect.any(String) });
  });

  it.each([['nonsense'], ['{"alerts":1}'], ['{"alerts":[{"status":"firing"}]}'], ['{"alerts":[{"__proto__":{}}]}']])(
    'a body that is none of Alertmanager is answered 400: %s',
    async (body) => {
      const response = await fetch(`${server.functions.url}/v1/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: await bearer(ALERTMANAGER) },
        body,
      });
      expect(response.status).toBe(400);
    },
  );
});
