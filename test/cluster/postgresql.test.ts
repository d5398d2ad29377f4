/**
 * Tests examples/postgresql with real PostgreSQL: while its primary is killed, hangs, is deleted,
 * drained and rolled over, no acknowledged row is lost, and no two primaries acknowledge.
 *
 * `CLUSTER_REPEATS` says how often each story is told. `POSTGRES_RUN` names a file for what
 * examples/postgresql/drawRun.ts draws.
 */

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Story } from '../../examples/postgresql/drawRun.ts';
import { findPostgres } from '../../examples/postgresql/image.ts';
import { attachCluster } from './attachCluster.ts';
import { signalContainer } from './containers.ts';
import { note } from './figures.ts';
import { type Postgres, startPostgres } from './startPostgres.ts';
import { darkWritesMs, listLate, listReigns, startWriter, type Writer, type Written } from './writers.ts';

const { directory, pid } = inject('cluster');
const cluster = attachCluster(directory, pid);
const repeats = Number(process.env['CLUSTER_REPEATS'] ?? 1);
const timeout = 180_000 * repeats;
const isInstalled = findPostgres() !== null;
if (!isInstalled) console.log('cluster: no PostgreSQL, Debian has it in postgresql and postgresql-client');

describe.runIf(isInstalled)('PostgreSQL behind its leader Service', () => {
  let postgres: Postgres;
  let writer: Writer;
  /** What other writers than the one through the Service have seen acknowledged. */
  const direct: Written[] = [];
  /** For examples/postgresql/drawRun.ts. */
  const stories: Story[] = [];
  beforeAll(async () => {
    postgres = await startPostgres(cluster, 'postgresql');
    await postgres.untilSettled();
    await postgres.query('CREATE TABLE rows (writer text, n bigint, pod text, PRIMARY KEY (writer, n))');
    writer = startWriter(cluster, 'through-the-service', await postgres.connection());
  }, 300_000);
  afterAll(async () => {
    await writer?.stop();
    if (process.env['POSTGRES_RUN'] !== undefined) writeFileSync(process.env['POSTGRES_RUN'], JSON.stringify(stories));
    await postgres?.remove();
  });

  test('a primary that is killed is replaced', { timeout }, async () => {
    await tell('PostgreSQL, kill -9', (leader) => signalContainer(cluster, leader, 'postgres', 'SIGKILL'));
  });

  test('a primary that hangs is replaced, and acknowledges nothing when it wakes', { timeout }, async () => {
    await tell('PostgreSQL, hang', (leader) => signalContainer(cluster, leader, 'postgres', 'SIGSTOP', { all: true }), {
      afterwards: async (leader) => {
        // Rows that clients of the previous primary sent while it hung are in its sockets.
        await signalContainer(cluster, leader, 'postgres', 'SIGCONT', { all: true });
      },
    });
  });

  test('a primary that is deleted is replaced', { timeout }, async () => {
    await tell('PostgreSQL, graceful deletion', (leader) => kubectl('delete', 'pod', leader, '--wait=false'));
  });

  test('a primary whose node is drained is replaced', { timeout }, async () => {
    // The cluster has one node: it is cordoned, and the one pod is evicted as a drain evicts it.
    await tell(
      'PostgreSQL, drain',
      async (leader) => {
        await cluster.kubectl('cordon', 'node0');
        const path = `/api/v1/namespaces/${postgres.namespace}/pods/${leader}/eviction`;
        const metadata = { name: leader, namespace: postgres.namespace };
        await cluster.request('POST', path, { apiVersion: 'policy/v1', kind: 'Eviction', metadata });
      },
      { afterwards: () => cluster.kubectl('uncordon', 'node0') },
    );
  });

  test('a rollout replaces each instance in turn', { timeout }, async () => {
    await postgres.untilSettled();
    const startedAt = Date.now();
    await kubectl('rollout', 'restart', 'statefulset/postgres');
    await kubectl('rollout', 'status', 'statefulset/postgres', '--timeout=170s');
    await postgres.untilSettled();
    await untilAcknowledged(Date.now(), 0);
    note('PostgreSQL, rollout: dark time of writes', darkWritesMs(writer.acknowledged(), startedAt));
  });

  test('no acknowledged row is lost, and no two primaries acknowledged', async () => {
    await postgres.untilSettled();
    await writer.stop();
    const all = [...writer.acknowledged(), ...direct];
    const rows = new Set((await postgres.query("SELECT writer || ' ' || n FROM rows")).split('\n'));
    expect(all.filter(({ writer, n }) => !rows.has(`${writer} ${n}`))).toEqual([]);
    expect(all.length).toBeGreaterThan(100);
    expect(listLate(all), 'what a leader acknowledged after a newer one').toEqual([]);
    const reigns = listReigns(all);
    for (const [epoch, pods] of reigns) expect([...pods], `who acknowledged under ${epoch}`).toHaveLength(1);
    const leaders = reigns.map(([, pods]) => [...pods].join());
    console.log(`cluster: ${all.length} rows were acknowledged, by ${leaders.join(', ')}`);
    // What the data say of their last leader is what the record says.
    const path = 'jsonpath={.items[0].metadata.annotations.zen-lead\\.io/epoch}';
    const epoch = await kubectl(
      'get',
      'endpointslices',
      '-l',
      'kubernetes.io/service-name=postgres-leader',
      '-o',
      path,
    );
    expect(await postgres.query('SELECT epoch FROM zen_lead_epoch')).toBe(epoch);
  });

  interface After {
    readonly afterwards?: (leader: string) => Promise<unknown>;
  }

  /** The new primary acknowledges before `afterwards`, and a client stays with the previous one. */
  async function tell(what: string, act: (leader: string) => Promise<unknown>, { afterwards }: After = {}) {
    const darks: number[] = [];
    for (let time = 0; time < repeats; time += 1) {
      const { leader, loyal } = await startLoyal();
      const epoch = writer.acknowledged().at(-1)?.epoch ?? 0;
      const startedAt = Date.now();
      await act(leader);
      await untilAcknowledged(startedAt, epoch);
      const darkMs = darkWritesMs(writer.acknowledged(), startedAt);
      darks.push(darkMs);
      await afterwards?.(leader);
      await postgres.untilSettled();
      const seen = writer.acknowledged().filter(({ answeredAt }) => answeredAt > startedAt - 1_000);
      stories.push({
        title: what,
        startedAt,
        darkMs,
        acknowledged: seen.map(({ answeredAt, pod = '' }) => ({ answeredAt, pod })),
      });
      await loyal.stop();
      direct.push(...loyal.acknowledged());
    }
    console.log(`${what}: dark times ${darks.map(Math.round).join(', ')} ms`);
    note(`${what}: dark time of writes, worst`, Math.max(...darks));
  }

  /** Starts a client of the leader itself. On a busy machine the leader may move meanwhile. */
  async function startLoyal(): Promise<{ readonly leader: string; readonly loyal: Writer }> {
    for (;;) {
      const leader = await postgres.untilSettled();
      const loyal = startWriter(cluster, `straight-to-${leader}-${Date.now()}`, await postgres.connection(leader));
      const deadlineAt = Date.now() + 5_000;
      while (Date.now() < deadlineAt && loyal.acknowledged().length < 3) await sleep(50);
      if (loyal.acknowledged().length >= 3) return { leader, loyal };
      await loyal.stop();
      direct.push(...loyal.acknowledged());
    }
  }

  /**
   * Waits for a row of a newer leader. On a busy machine a primary that was killed may be back
   * before zen-lead has left it, so any row does that long after the loss.
   */
  async function untilAcknowledged(from: number, epoch: number): Promise<void> {
    const isNext = ({ at, epoch: of = 0 }: Written) => at >= from && (of > epoch || at > from + 15_000);
    const message = 'waited for the next leader to acknowledge a row';
    await expect.poll(() => writer.acknowledged().some(isNext), { timeout: 90_000, interval: 100, message }).toBe(true);
  }

  function kubectl(...args: readonly string[]): Promise<string> {
    return cluster.kubectl('-n', postgres.namespace, ...args);
  }
});
