import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createPodNetwork } from '../../../../../cli/demo/cluster/podNetwork.ts';
import { startPodProcess } from '../../../../../cli/demo/cluster/podProcess.ts';
import { type ServiceProxy, startServiceProxy } from '../../../../../cli/demo/cluster/serviceProxy.ts';
import { createJournal } from '../../../../../cli/demo/journal.ts';
import { parseSlice } from '../../../../../lib/kube/parseSlice.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function aNetworkOf(pods: Readonly<Record<string, string>>) {
  const network = createPodNetwork();
  const processes = new Map<string, { crash(): void }>();
  for (const [name, ip] of Object.entries(pods)) {
    const process = await startPodProcess(network, { name, ip, port: 5432, healthPort: 8008, onExit: () => {} });
    processes.set(name, process);
    closing.push(() => process.crash());
  }
  const journal = createJournal();
  const proxy = await startServiceProxy(network, journal);
  closing.push(() => proxy.close());
  return { proxy, processes, journal };
}

function aSlice(pod: string | null, ip = '10.0.0.1', ready = true) {
  return parseSlice({
    metadata: {
      name: 'postgres-leader-ipv4',
      namespace: 'default',
      uid: 'u',
      resourceVersion: '1',
      labels: {
        'kubernetes.io/service-name': 'postgres-leader',
        'endpointslice.kubernetes.io/managed-by': 'zen-lead.io',
      },
    },
    addressType: 'IPv4',
    ports: [{ name: 'postgresql', port: 5432, protocol: 'TCP' }],
    endpoints:
      pod === null
        ? []
        : [
            {
              addresses: [ip],
              conditions: { ready, serving: ready, terminating: false },
              targetRef: { kind: 'Pod', namespace: 'default', name: pod, uid: pod },
            },
          ],
  });
}

/** What a new connection receives first. Empty when it is refused. */
async function ask({ port }: ServiceProxy): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('utf8');
    socket.end();
  });
  socket.on('error', () => {});
  await once(socket, 'close');
  return text.trim();
}

it('sends new connections to the pod that the slice names', async () => {
  const { proxy } = await aNetworkOf({ a: '10.0.0.1', b: '10.0.0.2' });
  proxy.follow(aSlice('a'));
  expect(await ask(proxy)).toBe('a');
  proxy.follow(aSlice('b', '10.0.0.2'));
  expect(await ask(proxy)).toBe('b');
});

it('leaves an established connection where it is when the route changes', async () => {
  const { proxy } = await aNetworkOf({ a: '10.0.0.1', b: '10.0.0.2' });
  proxy.follow(aSlice('a'));
  const socket = connect({ host: '127.0.0.1', port: proxy.port });
  closing.push(() => socket.destroy());
  await once(socket, 'data');
  proxy.follow(aSlice('b', '10.0.0.2'));
  expect(await ask(proxy)).toBe('b');
  expect(socket.destroyed).toBe(false);
});

it.each([
  { what: 'there is no slice', slice: null },
  { what: 'the slice has no endpoint', slice: aSlice(null) },
  { what: 'its endpoint is not ready', slice: aSlice('a', '10.0.0.1', false) },
  { what: 'no process listens at its address', slice: aSlice('gone', '10.0.0.9') },
])('refuses a connection when $what', async ({ slice }) => {
  const { proxy } = await aNetworkOf({ a: '10.0.0.1' });
  proxy.follow(slice);
  expect(await ask(proxy)).toBe('');
});

it('is refused at once when the process of the routed pod has been killed', async () => {
  const { proxy, processes } = await aNetworkOf({ a: '10.0.0.1' });
  proxy.follow(aSlice('a'));
  expect(await ask(proxy)).toBe('a');
  processes.get('a')?.crash();
  expect(await ask(proxy)).toBe('');
});

it('notes a change of the route once', async () => {
  const { proxy, journal } = await aNetworkOf({ a: '10.0.0.1' });
  const seen: string[] = [];
  journal.onEntry(({ kind }) => seen.push(kind));
  proxy.follow(aSlice('a'));
  proxy.follow(aSlice('a'));
  proxy.follow(aSlice(null));
  expect(seen).toEqual(['routed', 'unrouted']);
});
