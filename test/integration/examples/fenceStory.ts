/**
 * Runs three instances of examples/postgresql in a network namespace of its own, with the third one
 * fenced or not, and prints how many rows a primary acknowledged that woke after its successor was
 * promoted: `node fenceStory.ts BIN DIRECTORY USER GROUP`.
 *
 * The promote function is not there, so that its orders come one by one. Neither the third instance
 * nor the previous primary hears of the next leader, which takes a second at most in a cluster.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fenced } from '../../../examples/postgresql/instance/instance.ts';
import { promoteLeader } from '../../../examples/postgresql/promote/promoteLeader.ts';

export interface Told {
  readonly isFenced: boolean;
  /** Rows that were acknowledged before the primary hung, and that were begun after it did. */
  readonly before: number;
  readonly late: number;
  /** What the primary answered when it was awake. */
  readonly awake: string;
}

const [bin = '', directory = '', user = '', group = ''] = process.argv.slice(2);
const folder = resolve(import.meta.dirname, '../../../examples/postgresql');
const names = ['a', 'b', 'c'];
const portOf = (name: string): number => 6_001 + names.indexOf(name);
const ordersPortOf = (name: string): number => 8_101 + names.indexOf(name);
const settings = {
  ...process.env,
  PATH: `${bin}:${process.env['PATH']}`,
  TOKEN: 'none',
  PGPASSWORD: 'none',
  MEMBERS: names.map((name) => `${name}=127.0.0.1:${portOf(name)}:${ordersPortOf(name)}`).join(' '),
};
const connectionTo = (name: string): string =>
  `host=127.0.0.1 port=${portOf(name)} user=postgres dbname=postgres password=none connect_timeout=2`;
/** Far longer than a commit takes. */
const awakeMs = 3_000;

const instances = new Map(names.map((name) => [name, startInstance(name)]));
const orders = names.map((name) => ({
  name,
  fence: async (epoch: number, leader: string) => (await order(name, 'fence', { epoch, leader })) as Fenced,
  lead: async (epoch: number, leader: string, from: string, position: object | null) => {
    await order(name, 'lead', { epoch, leader, from, position });
  },
  follow: async (epoch: number, leader: string) => {
    await order(name, 'follow', { epoch, leader });
  },
}));
// Each starts in its own time, and a promotion asks for most of them at once.
for (const name of names) await retry(async () => order(name, 'fence', { epoch: 1, leader: 'a' }));
await promoteLeader(orders, 1, 'a');
query(await untilReplicated(), 'CREATE TABLE rows (writer text, n bigint, pod text, PRIMARY KEY (writer, n))');
let epoch = 1;
for (const isFenced of [true, false]) console.log(JSON.stringify(await tell(isFenced)));
// The namespace of processes ends with this one.
process.exit(0);

async function tell(isFenced: boolean): Promise<Told> {
  const primary = await untilReplicated();
  const [next = '', third = ''] = names.filter((name) => name !== primary);
  epoch += 1;
  const loyal = startWriter(primary, `loyal-${isFenced}`);
  await retry(async () => {
    if (loyal.acknowledged().length < 3) throw new Error('no row is acknowledged');
  });
  const before = loyal.acknowledged().length;
  signal(primary, 'SIGSTOP', true);
  const hungAt = Date.now();
  await order(next, 'fence', { epoch, leader: next });
  if (isFenced) await order(third, 'fence', { epoch, leader: next });
  signal(third, 'SIGSTOP');
  await order(next, 'lead', { epoch, leader: next, from: next, position: { epoch, lsn: '0/0' } });
  signal(primary, 'SIGCONT', true);
  signal(primary, 'SIGSTOP');
  const awake = await retry(async () => query(primary, 'SELECT 1'));
  await sleep(awakeMs);
  // A row that was begun before may have been replicated before the fence, and is answered now.
  const late = loyal.acknowledged().filter(({ at }) => at > hungAt).length;
  loyal.stop();
  for (const name of [primary, third]) signal(name, 'SIGCONT');
  return { isFenced, before, late, awake };
}

function startInstance(name: string): ChildProcess {
  const data = join(directory, name);
  mkdirSync(data);
  chownSync(data, Number(user), Number(group));
  const program = [process.execPath, join(folder, 'instance/main.ts')];
  const environment = { ...settings, POD_NAME: name, DATA: data, PORT: String(ordersPortOf(name)) };
  // PostgreSQL refuses to run as root.
  return spawn('setpriv', [`--reuid=${user}`, `--regid=${group}`, '--clear-groups', ...program], {
    env: { ...environment, ORDERS_PORT: environment.PORT },
    stdio: 'ignore',
  });
}

function startWriter(
  name: string,
  writer: string,
): { acknowledged(): readonly { readonly at: number }[]; stop(): void } {
  const child = spawn(process.execPath, [join(folder, 'writer.ts'), writer, connectionTo(name)], { env: settings });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  return {
    acknowledged: () =>
      text
        .split('\n')
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map((line) => JSON.parse(line))
        .filter(({ outcome }) => outcome === 'acknowledged'),
    stop: () => void child.kill('SIGKILL'),
  };
}

async function order(name: string, path: string, body: object): Promise<unknown> {
  const headers = { authorization: `Bearer ${settings.TOKEN}`, 'content-type': 'application/json' };
  const url = `http://127.0.0.1:${ordersPortOf(name)}/${path}`;
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${name} ${path}: ${await response.text()}`);
  return response.json();
}

function query(name: string, statement: string): string {
  const options = { env: settings, encoding: 'utf8', timeout: 8_000, stdio: 'pipe' } as const;
  return execFileSync('psql', ['-XAtq', '-d', connectionTo(name), '-c', statement], options).trim();
}

/** Returns the instance that writes, once both others receive what it writes. */
function untilReplicated(): Promise<string> {
  const standbys = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND NOT pg_is_in_recovery()";
  return retry(async () => {
    for (const name of names) if (isTrue(() => query(name, standbys) === '2')) return name;
    throw new Error('no instance has two standbys');
  });
}

function isTrue(ask: () => boolean): boolean {
  try {
    return ask();
  } catch {
    return false;
  }
}

/** Sends it to process 1 of the instance, or to all of its processes. */
function signal(name: string, what: 'SIGSTOP' | 'SIGCONT', toAll = false): void {
  const first = instances.get(name)?.pid ?? 0;
  for (const pid of toAll ? [...descendantsOf(first), first] : [first]) isTrue(() => process.kill(pid, what));
}

function descendantsOf(parent: number): readonly number[] {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid', '--no-headers'], { encoding: 'utf8' }).trim().split('\n');
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const below = (of: number): number[] =>
    pairs.filter(([, ppid]) => ppid === of).flatMap(([pid = 0]) => [pid, ...below(pid)]);
  return below(parent);
}

async function retry<T>(act: () => Promise<T>): Promise<T> {
  const deadlineAt = Date.now() + 60_000;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (Date.now() > deadlineAt) throw error;
      await sleep(200);
    }
  }
}
