/**
 * Runs examples/patroni on the cluster as its README says, and watches which server says that it is
 * the primary, and where the leader Service leads.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writePatroniImage } from '../../examples/patroni/image.ts';
import type { Cluster } from './attachCluster.ts';

interface Answer {
  /** Epoch milliseconds at which the question was sent, and answered. */
  readonly at: number;
  readonly answeredAt: number;
  /** A pod, or `leader` for the leader Service. */
  readonly target: string;
  /** 200 of the primary. */
  readonly status: number;
  /** Which server answered. */
  readonly server: string;
}

/** In epoch milliseconds. */
interface Followed {
  /** The pod that is the primary now. */
  readonly primary: string;
  /** It first said so, asked directly. */
  readonly saidAt: number;
  /** It first answered through the leader Service. */
  readonly answeredAt: number;
}

export interface Patroni {
  readonly namespace: string;
  /** Waits until one server is the primary, and the leader Service leads there. Returns the pod. */
  untilSettled(): Promise<string>;
  /** Asks Patroni to hand over. */
  switchOver(primary: string): Promise<void>;
  /** Waits until another pod is the primary, and answers through the leader Service. */
  untilFollowed(previous: string, from: number): Promise<Followed>;
  remove(): Promise<void>;
}

const folder = resolve(import.meta.dirname, '../../examples/patroni');
const pods = ['patroni-0', 'patroni-1', 'patroni-2'];
const settleTimeoutMs = 180_000;

export async function startPatroni(cluster: Cluster, namespace: string): Promise<Patroni> {
  const image = join(cluster.directory, 'images', 'patroni.tar');
  writeFileSync(image, writePatroniImage('dev.local/patroni:1'));
  await cluster.loadImage(image);
  rmSync(image);
  await cluster.kubectl('create', 'namespace', namespace);
  const passwords = ['--from-literal=superuser=super', '--from-literal=replication=standby'];
  await cluster.kubectl('-n', namespace, 'create', 'secret', 'generic', 'patroni', ...passwords);
  await cluster.apply(readFileSync(join(folder, 'cluster.yaml'), 'utf8'), '-n', namespace);
  await cluster.kubectl('-n', namespace, 'rollout', 'status', 'statefulset/patroni', '--timeout=170s');
  const readPath = (kind: string, name: string, path: string) =>
    cluster.kubectl('-n', namespace, 'get', kind, name, '-o', `jsonpath={${path}}`);
  const addresses = new Map<string, string>();
  for (const pod of pods) addresses.set(pod, await readPath('pod', pod, '.status.podIP'));
  const targets = [...addresses].map(([pod, address]) => `${pod}=${address}`);
  const service = `leader=${await readPath('service', 'patroni-leader', '.spec.clusterIP')}`;
  const program = resolve(import.meta.dirname, 'client/askPatroni.ts');
  const asking = cluster.start('ask-patroni', process.execPath, program, service, ...targets);
  const primaries = (from: number): readonly Answer[] =>
    asking
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line): Answer => JSON.parse(line))
      .filter(({ at, status }) => at >= from && status === 200)
      .toSorted((a, b) => a.at - b.at);

  /** Waits until `find` finds something. */
  async function waitFor<T>(find: () => T | undefined | Promise<T | undefined>): Promise<T> {
    const deadlineAt = Date.now() + settleTimeoutMs;
    while (Date.now() < deadlineAt) {
      const found = await find();
      if (found !== undefined) return found;
      await sleep(100);
    }
    throw new Error(`the servers do not settle: ${JSON.stringify(primaries(Date.now() - 2_000).slice(-6))}`);
  }

  /** All three are there, streaming, for a hand-over needs one that has caught up. */
  async function areAllWell(primary: string): Promise<boolean> {
    const url = `http://${addresses.get(primary)}:8008/cluster`;
    const text = await cluster.run('curl', '-s', '--max-time', '2', url).catch(() => '{}');
    const { members = [] } = JSON.parse(text) as { readonly members?: readonly { role: string; state: string }[] };
    return members.length === pods.length && members.every(({ state }) => state === 'running' || state === 'streaming');
  }

  return {
    namespace,
    untilSettled: () =>
      waitFor(async () => {
        const from = Date.now();
        await sleep(500);
        const said = primaries(from);
        const led = said.filter(({ target }) => target === 'leader');
        const own = new Set(said.filter(({ target }) => target !== 'leader').map(({ target }) => target));
        const [primary] = own;
        const server = said.find(({ target }) => target === primary)?.server;
        const isFollowed = led.length > 0 && led.every((each) => each.server === server);
        return primary !== undefined && own.size === 1 && isFollowed && (await areAllWell(primary))
          ? primary
          : undefined;
      }),
    async switchOver(primary) {
      const url = `http://${addresses.get(primary)}:8008/switchover`;
      await waitFor(async () => {
        const body = JSON.stringify({ leader: primary });
        const args = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-X', 'POST', '-d', body, url];
        return (await cluster.run('curl', ...args)) === '200' ? true : undefined;
      });
    },
    async untilFollowed(previous, from) {
      const isOther = ({ target }: Answer): boolean => target !== 'leader' && target !== previous;
      const first = await waitFor(() => primaries(from).find(isOther));
      const led = await waitFor(() =>
        primaries(from).find(({ target, server }) => target === 'leader' && server === first.server),
      );
      return { primary: first.target, saidAt: first.answeredAt, answeredAt: led.answeredAt };
    },
    async remove() {
      await asking.stop('SIGKILL');
      await cluster.kubectl('delete', 'namespace', namespace, '--timeout=150s');
    },
  };
}
