/**
 * A source Service is deleted. Its leader was announced, so its end has to be: the CloudEvent
 * `io.zen-lead.leader.lost` with the reason `SourceGone`, and a Kubernetes Event.
 * docs/reference/events.md#the-end-of-a-service
 */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createNamespace, type Namespace } from '../support/controlPlane/createNamespace.ts';
import { listEvents } from '../support/controlPlane/listEvents.ts';
import { readLeader } from '../support/controlPlane/readRoute.ts';
import { type Pod, startPod } from '../support/controlPlane/startPod.ts';
import { staysSo } from '../support/controlPlane/staysSo.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { aService } from '../support/objects/aService.ts';
import { startZenLead, type ZenLead } from '../support/programs/spawnZenLead.ts';
import { toStory } from '../support/storyElection.ts';

const controlPlane = useControlPlane();
const anEvent = z.object({
  id: z.string(),
  type: z.string(),
  subject: z.string(),
  data: z.object({
    reason: z.string(),
    epoch: z.number(),
    previous: z.object({ name: z.string() }).nullable(),
  }),
});
const received: z.infer<typeof anEvent>[] = [];
let isUp = true;
const broker = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += String(chunk);
  });
  request.on('end', () => {
    if (isUp) received.push(anEvent.parse(JSON.parse(toStory(body))));
    response.writeHead(isUp ? 202 : 503).end();
  });
});
let zenLead: ZenLead | undefined;
let namespaces = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => broker.listen(0, '127.0.0.1', resolve));
  const { port } = broker.address() as AddressInfo;
  zenLead = await startZenLead(controlPlane(), 'zen-lead', '--events-sink', `http://127.0.0.1:${port}/`);
});
afterAll(async () => {
  await zenLead?.process.stop('SIGKILL');
  broker.close();
});

/** The Service `web` in a namespace of its own, led by `web-0`, and announced. */
async function startStory(): Promise<{ readonly namespace: Namespace; readonly uid: string; readonly pod: Pod }> {
  namespaces += 1;
  const namespace = await createNamespace(controlPlane(), `ends-${namespaces}`);
  const pod = await startPod(namespace, { name: 'web-0' });
  await namespace.apply(aService());
  await expect.poll(() => readLeader(namespace)).toBe('web-0');
  await expect.poll(() => toldOf(namespace), { message: 'announces the leader' }).toEqual(['elected FirstLeader']);
  const uid = await namespace.kubectl('get', 'service', 'web', '--output=jsonpath={.metadata.uid}');
  return { namespace, uid, pod };
}

const eventsOf = ({ name }: Namespace) =>
  received.filter((event) => event.subject === `namespaces/${name}/services/web`);
/** Each id once: at least once is what is promised. */
const toldOf = (namespace: Namespace): readonly string[] => [
  ...new Map(
    eventsOf(namespace).map(({ id, type, data }) => [id, `${type.slice('io.zen-lead.leader.'.length)} ${data.reason}`]),
  ).values(),
];

test('a deleted source is announced as lost, in a CloudEvent and a Kubernetes Event', async () => {
  const { namespace, uid } = await startStory();
  await namespace.kubectl('delete', 'service', 'web');

  await expect.poll(() => toldOf(namespace)).toEqual(['elected FirstLeader', 'lost SourceGone']);
  const [elected, lost] = eventsOf(namespace);
  expect(lost?.id).toBe(`${uid}/${elected?.data.epoch}/io.zen-lead.leader.lost/SourceGone`);
  expect(lost?.data).toMatchObject({ epoch: elected?.data.epoch, previous: { name: 'web-0' } });
  await expect
    .poll(async () => (await listEvents(namespace)).filter(({ reason }) => reason === 'SourceGone'))
    .toMatchObject([{ type: 'Normal', note: expect.stringContaining('web-0') }]);
});

test('announces the end once the sink takes events again', async () => {
  const { namespace } = await startStory();
  isUp = false;
  await namespace.kubectl('delete', 'service', 'web');
  await expect.poll(() => readLeader(namespace), { message: 'the route is collected' }).toBe('no slice');
  isUp = true;
  await expect.poll(() => toldOf(namespace), { timeout: 30_000 }).toEqual(['elected FirstLeader', 'lost SourceGone']);
});

test('announces the end of a source that was deleted while zen-lead stood still', async () => {
  const { namespace } = await startStory();
  zenLead?.process.signal('SIGSTOP');
  await namespace.kubectl('delete', 'service', 'web');
  await expect.poll(() => readLeader(namespace), { message: 'the route is collected' }).toBe('no slice');
  zenLead?.process.signal('SIGCONT');
  await expect.poll(() => toldOf(namespace), { timeout: 30_000 }).toEqual(['elected FirstLeader', 'lost SourceGone']);
});

test('announces the end of a source whose namespace is deleted', async () => {
  const { namespace, pod } = await startStory();
  await controlPlane().kubectl('delete', 'namespace', namespace.name, '--wait=false');
  await expect.poll(() => toldOf(namespace), { message: 'announces what follows' }).toContain('lost NoReadyPods');
  await pod.kill(); // as its kubelet would: the namespace waits for it
  await expect.poll(() => toldOf(namespace), { timeout: 30_000 }).toContain('lost SourceGone');
});

test('announces the end of a source before the leader of the next one under its name', async () => {
  const { namespace, uid } = await startStory();
  await namespace.kubectl('delete', 'service', 'web');
  await namespace.apply(aService());
  await expect
    .poll(() => toldOf(namespace), { timeout: 60_000 })
    .toEqual(['elected FirstLeader', 'lost SourceGone', 'elected FirstLeader']);
  expect(eventsOf(namespace).filter(({ id }) => id.startsWith(uid))).toHaveLength(2);
});

test('announces nothing of a source deleted with --cascade=orphan, whose route stays', async () => {
  const { namespace } = await startStory();
  await namespace.kubectl('delete', 'service', 'web', '--cascade=orphan');
  await expect
    .poll(() => namespace.kubectl('get', 'services', '--output=name'), { message: 'the source has gone' })
    .toBe('service/web-leader\n');
  await staysSo(async () => [await readLeader(namespace), ...toldOf(namespace)]);
  expect(toldOf(namespace)).toEqual(['elected FirstLeader']);
  const announced = '--output=jsonpath={.metadata.annotations.zen-lead\\.io/leader-pod-name}';
  expect(await namespace.kubectl('get', 'service', 'web-leader', announced)).toBe('web-0');
});
