/**
 * Runs examples/redis-sentinel on the cluster as its README says, and watches which server says
 * that it is the primary, and where the leader Service leads.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeRedisImage } from '../../examples/redis-sentinel/image.ts';
import type { Cluster } from './attachCluster.ts';

export interface Role {
  /** Epoch milliseconds at which the question was sent, and answered. */
  readonly at: number;
  readonly answeredAt: number;
  /** A pod, `leader` for the leader Service, or `sentinel of` a pod. */
  readonly target: string;
  readonly role?: 'master' | 'slave';
  /** The pod that answered, or that a Sentinel named as the primary. */
  readonly name: string;
}

export interface Redis {
  readonly namespace: string;
  readonly pods: readonly string[];
  /** Runs `redis-cli` against one pod. */
  cli(pod: string, port: number, ...command: readonly string[]): Promise<string>;
  /** Waits until one server is the primary of both others, and the leader Service leads there. */
  untilSettled(): Promise<string>;
  /** Every answer since `from`. */
  roles(from: number): readonly Role[];
  remove(): Promise<void>;
}

const folder = resolve(import.meta.dirname, '../../examples/redis-sentinel');
const pods = ['redis-0', 'redis-1', 'redis-2'];
const settleTimeoutMs = 90_000;

export async function startRedis(cluster: Cluster, namespace: string): Promise<Redis> {
  const image = join(cluster.directory, 'images', 'redis.tar');
  writeFileSync(image, writeRedisImage('dev.local/redis:1'));
  await cluster.loadImage(image);
  rmSync(image);
  await cluster.kubectl('create', 'namespace', namespace);
  await cluster.apply(readFileSync(join(folder, 'redis.yaml'), 'utf8'), '-n', namespace);
  await cluster.kubectl('-n', namespace, 'rollout', 'status', 'statefulset/redis', '--timeout=120s');
  const readPath = (kind: string, name: string, path: string) =>
    cluster.kubectl('-n', namespace, 'get', kind, name, '-o', `jsonpath={${path}}`);
  const addresses = await Promise.all(pods.map(async (pod) => `${pod}=${await readPath('pod', pod, '.status.podIP')}`));
  const service = `leader=${await readPath('service', 'redis-leader', '.spec.clusterIP')}`;
  const program = resolve(import.meta.dirname, 'client/askRoles.ts');
  const asking = cluster.start('ask-roles', process.execPath, program, service, ...addresses);
  const roles = (from: number) =>
    asking
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line): Role => JSON.parse(line))
      .filter(({ at }) => at >= from);
  const cli = async (pod: string, port: number, ...command: readonly string[]) => {
    const address = addresses.find((word) => word.startsWith(`${pod}=`))?.split('=')[1] ?? '';
    return (await cluster.run('redis-cli', '-h', address, '-p', String(port), '--raw', ...command)).trim();
  };
  const readPrimary = async (): Promise<string | null> => {
    const from = Date.now();
    const said = await Promise.all(pods.map((pod) => cli(pod, 6379, 'role').catch(() => 'away')));
    const primaries = pods.filter((_, index) => said[index]?.startsWith('master'));
    const [primary] = primaries;
    // A primary names each of its replicas that is connected, after its own offset.
    const replicas = said.join('\n').match(/^redis-\d\.redis-members$/gm)?.length ?? 0;
    // The two replicas name their primary, too.
    if (primary === undefined || primaries.length > 1 || replicas !== 4) return null;
    await sleep(200);
    const led = roles(from).filter(({ target }) => target === 'leader');
    return led.length > 0 && led.every(({ name }) => name === primary) ? primary : null;
  };
  return {
    namespace,
    pods,
    cli,
    roles,
    async untilSettled() {
      const deadlineAt = Date.now() + settleTimeoutMs;
      for (;;) {
        const primary = await readPrimary();
        if (primary !== null) return primary;
        if (Date.now() > deadlineAt) {
          const said = await Promise.all(pods.map((pod) => cli(pod, 6379, 'role').catch(String)));
          throw new Error(`the servers do not settle: ${JSON.stringify(said)}`);
        }
        await sleep(200);
      }
    },
    async remove() {
      await asking.stop('SIGKILL');
      await cluster.kubectl('-n', namespace, 'delete', 'statefulset', 'redis', '--timeout=60s');
      await cluster.kubectl('delete', 'namespace', namespace, '--timeout=150s');
    },
  };
}
