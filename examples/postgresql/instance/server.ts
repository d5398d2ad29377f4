/**
 * Starts, stops and copies one PostgreSQL server.
 *
 * Guarantees: a server starts with its gate closed. It acknowledges nothing, whatever the data
 * directory was copied from, until `openGate`.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Session } from './session.ts';

export interface ServerOptions {
  readonly name: string;
  /** The folder of everything that must outlive the pod. */
  readonly directory: string;
  readonly port: number;
  /** Every instance, this one included. */
  readonly members: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  readonly password: string;
}

/** No standby has this name, so a server that waits for it acknowledges nothing. */
const closedGate = 'nobody';
/** The socket's folder. */
const sockets = '/tmp';

export class Server {
  readonly #options: ServerOptions;
  readonly #data: string;
  #process: ChildProcess | null = null;
  #session: Session | null = null;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#data = join(options.directory, 'data');
  }

  get isEmpty(): boolean {
    return !existsSync(join(this.#data, 'PG_VERSION'));
  }

  get isRunning(): boolean {
    return this.#process !== null && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Returns the rows of one statement, as the superuser. */
  async query(statement: string, timeoutMs?: number): Promise<readonly string[]> {
    if (this.#session === null || this.#session.ended)
      this.#session = new Session(`host=${sockets} port=${this.#options.port} user=postgres dbname=postgres`);
    return (await this.#session.query(statement, timeoutMs)).rows;
  }

  /** Returns the rows of one statement on another server. */
  async queryOf(member: string, statement: string, timeoutMs?: number): Promise<readonly string[]> {
    const session = new Session(this.#toConnection(member, 'dbname=postgres'));
    try {
      return (await session.query(statement, timeoutMs)).rows;
    } finally {
      session.close();
    }
  }

  /** Creates an empty database. Only a cluster that has never had data may do so. */
  async create(): Promise<void> {
    const fresh = `${this.#data}.fresh`;
    rmSync(fresh, { recursive: true, force: true });
    const passwords = join(this.#options.directory, 'password');
    writeFileSync(passwords, this.#options.password, { mode: 0o600 });
    await run('initdb', [
      ...['--pgdata', fresh, '--username', 'postgres', '--pwfile', passwords, '--auth-local', 'trust'],
      ...['--auth-host', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--data-checksums'],
    ]);
    rmSync(passwords);
    const access = 'host all all all scram-sha-256\nhost replication all all scram-sha-256\n';
    writeFileSync(join(fresh, 'pg_hba.conf'), access, { flag: 'a' });
    renameSync(fresh, this.#data);
  }

  /** Replaces the data by a copy of that server's. */
  async clone(from: string): Promise<void> {
    const fresh = `${this.#data}.fresh`;
    rmSync(fresh, { recursive: true, force: true });
    const source = this.#toConnection(from, 'replication=true');
    await run('pg_basebackup', [
      '--pgdata',
      fresh,
      '--dbname',
      source,
      '--checkpoint',
      'fast',
      '--wal-method',
      'stream',
    ]);
    rmSync(this.#data, { recursive: true, force: true });
    renameSync(fresh, this.#data);
  }

  /** Takes back what that server does not have. The server must not run. */
  async rewind(from: string): Promise<void> {
    // pg_rewind reads the timeline of the source from its last checkpoint, and one is due only
    // minutes after a promotion. https://www.postgresql.org/docs/15/app-pgrewind.html
    await this.queryOf(from, 'CHECKPOINT', 30_000);
    // Where the server was killed, pg_rewind recovers it first, and that works without this file.
    rmSync(join(this.#data, 'standby.signal'), { force: true });
    const target = ['--target-pgdata', this.#data, '--source-server', this.#toConnection(from, 'dbname=postgres')];
    await run('pg_rewind', target).catch((error: Error) => {
      // Half rewound data are of no use, and pg_rewind does not say how far it came.
      rmSync(this.#data, { recursive: true, force: true });
      throw error;
    });
  }

  /** A standby without `upstream` receives nothing. */
  async start(as: 'primary' | 'standby', upstream: string | null = null): Promise<void> {
    const signal = join(this.#data, 'standby.signal');
    if (as === 'standby') writeFileSync(signal, '');
    else rmSync(signal, { force: true });
    // A copy of another server brings that server's settings along.
    const source = upstream === null ? '' : this.#toUpstream(upstream);
    const settings = `primary_conninfo = '${source}'\nsynchronous_standby_names = '${closedGate}'\n`;
    writeFileSync(join(this.#data, 'postgresql.auto.conf'), settings);
    rmSync(join(this.#data, 'postmaster.pid'), { force: true });
    const { name, port } = this.#options;
    const fixed = {
      cluster_name: name,
      port: String(port),
      listen_addresses: '*',
      unix_socket_directories: sockets,
      synchronous_commit: 'on',
      hot_standby: 'on',
      hot_standby_feedback: 'on',
      wal_keep_size: '512MB',
      // A standby that lost its upstream asks again after this.
      wal_retrieve_retry_interval: '100ms',
      wal_receiver_timeout: '5s',
      wal_sender_timeout: '5s',
      recovery_target_timeline: 'latest',
      // Instead of one fsync for each file before a recovery.
      recovery_init_sync_method: 'syncfs',
      jit: 'off',
      log_min_messages: 'log',
    };
    const flags = Object.entries(fixed).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    const child = spawn('postgres', ['-D', this.#data, ...flags], { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', (error) => console.error(`postgres: ${error.message}`));
    this.#process = child;
    const deadlineAt = Date.now() + 60_000;
    while (!(await this.isAnswering(1_000))) {
      if (!this.isRunning || Date.now() > deadlineAt) throw new Error('postgres did not start');
      await sleep(20);
    }
    await this.#untilQueries(deadlineAt);
  }

  /** Stops at once, as a crash does. What was acknowledged is on the disk of a standby too. */
  async stop(): Promise<void> {
    this.#session?.close();
    this.#session = null;
    const child = this.#process;
    if (child === null || !this.isRunning) return;
    const exited = once(child, 'exit');
    // Fast: it sends what it has to the standbys, and cuts every client off without an answer.
    child.kill('SIGINT');
    const timer = setTimeout(() => child.kill('SIGQUIT'), 2_000);
    await exited;
    clearTimeout(timer);
  }

  /** `null` cuts it off from every server. */
  async replicateFrom(member: string | null): Promise<void> {
    await this.query(`ALTER SYSTEM SET primary_conninfo = '${member === null ? '' : this.#toUpstream(member)}'`);
    await this.query('SELECT pg_reload_conf()');
  }

  /** Commits wait from now on for one standby, and for nothing else. */
  async openGate(): Promise<void> {
    const names = this.#options.members.map(({ name }) => `"${name}"`).join(', ');
    await this.query(`ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (${names})'`);
    await this.query('SELECT pg_reload_conf()');
  }

  async closeGate(): Promise<void> {
    await this.query(`ALTER SYSTEM SET synchronous_standby_names = '${closedGate}'`);
    await this.query('SELECT pg_reload_conf()');
  }

  /**
   * True when the server answers a request for encryption, the first message of its protocol. A
   * server that hangs accepts the connection and does not answer.
   * https://www.postgresql.org/docs/15/protocol-flow.html#id-1.10.6.7.11
   */
  isAnswering(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(join(sockets, `.s.PGSQL.${this.#options.port}`));
      const finish = (isAnswering: boolean) => {
        socket.destroy();
        resolve(isAnswering);
      };
      socket.setTimeout(timeoutMs, () => finish(false));
      socket.on('error', () => finish(false));
      socket.on('connect', () => socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])));
      socket.on('data', () => finish(true));
      socket.on('close', () => finish(false));
    });
  }

  /** A standby takes queries once it has replayed to a consistent state. */
  async #untilQueries(deadlineAt: number): Promise<void> {
    while (Date.now() < deadlineAt) {
      try {
        await this.query('SELECT 1');
        return;
      } catch {
        if (!this.isRunning) throw new Error('postgres has ended');
        await sleep(50);
      }
    }
    throw new Error('postgres takes no queries');
  }

  #toUpstream(member: string): string {
    return this.#toConnection(member, `application_name=${this.#options.name}`);
  }

  #toConnection(member: string, rest: string): string {
    const found = this.#options.members.find(({ name }) => name === member);
    if (found === undefined) throw new Error(`${member} is no member`);
    return `host=${found.host} port=${found.port} user=postgres connect_timeout=2 ${rest}`;
  }
}

/** Passes the output on to the pod's log. */
async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${command} ended with ${String(code)}`);
}
