/**
 * Runs one PostgreSQL instance under the orders of the promote function.
 *
 * Guarantees: it obeys no epoch smaller than one that it has promised, also after a restart. After
 * `fence` returns, no older leader gets an acknowledgement from this instance, and as long as it
 * was the leader itself it acknowledges nothing.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Memory, nothing, recall, remember } from './memory.ts';
import { Server, type ServerOptions } from './server.ts';

/** How far the data of an instance reaches. */
export interface Position {
  /** The epoch of the leader that wrote last to this data. */
  readonly epoch: number;
  /** Up to where, as PostgreSQL writes it. */
  readonly lsn: string;
}

export interface State extends Memory {
  readonly name: string;
  readonly isEmpty: boolean;
  readonly isLeading: boolean;
}

/** The answer to `fence`. */
export interface Fenced {
  /** Null where there are no data. */
  readonly position: Position | null;
  /** The leader that this epoch has here already. */
  readonly leader: string | null;
}

/** An order of an epoch that this instance has left behind. */
export class StaleEpoch extends Error {}

/** A standby that has not been connected for this long is repaired. */
const repairAfterMs = 5_000;
const catchUpTimeoutMs = 10_000;

export class Instance {
  readonly #name: string;
  readonly #file: string;
  readonly #server: Server;
  #memory: Memory;
  #isLeading = false;
  #isStopping = false;
  /** Since when this standby has received nothing. Null while it receives. */
  #aloneSince: number | null = null;
  /** One order at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ServerOptions) {
    this.#name = options.name;
    this.#file = join(options.directory, 'promise.json');
    this.#server = new Server(options);
    this.#memory = recall(this.#file);
  }

  get state(): State {
    return { ...this.#memory, name: this.#name, isEmpty: this.#server.isEmpty, isLeading: this.#isLeading };
  }

  /** True when PostgreSQL answers, and for an instance that waits for its first leader. */
  async isHealthy(timeoutMs: number): Promise<boolean> {
    if (this.#server.isEmpty) return this.#memory.leader === null;
    return this.#server.isRunning && (await this.#server.isAnswering(timeoutMs));
  }

  get #isFenced(): boolean {
    return this.#memory.promised > this.#memory.epoch;
  }

  /**
   * Promises to obey no smaller epoch, and stops all that an older leader could count on: a standby
   * receives no more, and a leader becomes a standby. The next leader itself goes on.
   */
  fence(epoch: number, nextLeader: string): Promise<Fenced> {
    return this.#inTurn(async () => {
      this.#refuseOlder(epoch);
      // The order came again: there is nothing older left to cut off.
      if (this.#memory.epoch === epoch && this.#memory.leader !== null)
        return { position: this.#server.isEmpty ? null : await this.#readPosition(), leader: this.#memory.leader };
      this.#keep({ promised: epoch });
      if (this.#server.isEmpty) return { position: null, leader: null };
      if (this.#isLeading && nextLeader !== this.#name) {
        this.#isLeading = false;
        // Only a server that has ended is sure to acknowledge nothing.
        await this.#server.stop();
        if (this.#isStopping) throw new Error('the instance is being stopped');
      }
      if (!this.#server.isRunning) await this.#server.start('standby');
      if (!this.#isLeading) await this.#stopReceiving();
      return { position: await this.#readPosition(), leader: null };
    });
  }

  /**
   * Makes this instance the leader of `epoch`. It first gets what `from` has up to `position`. With
   * `isFirst`, it creates the database.
   */
  lead(epoch: number, from: string, position: Position | null): Promise<void> {
    return this.#inTurn(async () => {
      this.#refuseOlder(epoch);
      if (this.#isLeading && this.#memory.epoch === epoch) return;
      if (this.#server.isEmpty && position === null) {
        await this.#server.create();
        await this.#server.start('standby');
      } else if (from !== this.#name && position !== null) {
        await this.#catchUp(from, position);
      }
      this.#keep({ promised: epoch, hasOwnTail: true, isSigned: this.#isLeading && this.#memory.isSigned });
      if (!this.#isLeading) await this.#promote();
      await this.#sign(epoch);
      this.#keep({ epoch, leader: this.#name, isSigned: true });
      await this.#server.openGate();
      this.#isLeading = true;
      console.log(`leads under epoch ${epoch}`);
    });
  }

  /** Makes this instance a standby of the leader of `epoch`. */
  follow(epoch: number, leader: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#refuseOlder(epoch);
      if (leader === this.#name || (this.#memory.epoch === epoch && this.#memory.leader === leader)) return;
      this.#keep({ promised: epoch, epoch, leader });
      this.#aloneSince = Date.now();
      console.log(`follows ${leader} under epoch ${epoch}`);
      if (this.#isLeading || this.#memory.hasOwnTail || this.#server.isEmpty) await this.#repair(leader);
      else if (this.#server.isRunning) await this.#server.replicateFrom(leader);
      else await this.#server.start('standby', leader);
    });
  }

  /** Starts what was running before this process. */
  resume(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#server.isEmpty) return;
      const { leader } = this.#memory;
      if (leader === this.#name && !this.#isFenced) {
        // Where another leads by now, no standby listens to this one, and nothing is acknowledged.
        await this.#server.start('primary');
        await this.#server.openGate();
        this.#isLeading = true;
      } else {
        await this.#server.start('standby', this.#isFenced || this.#memory.hasOwnTail ? null : leader);
      }
    });
  }

  /**
   * Sees to it that a standby receives. `isLeaderUp` says whether the leader that this instance
   * obeys leads right now. Without it, a copy that cannot be finished would cost the data.
   */
  check(isLeaderUp: boolean): Promise<void> {
    return this.#inTurn(async () => {
      const { leader, hasOwnTail } = this.#memory;
      if (!this.#server.isEmpty && !this.#server.isRunning) throw new Error('postgres has ended');
      if (this.#isLeading || this.#isFenced || leader === null || leader === this.#name) return;
      if (!this.#server.isEmpty && (await this.#isReceiving())) {
        this.#aloneSince = null;
        return;
      }
      this.#aloneSince ??= Date.now();
      const isLate = Date.now() - this.#aloneSince > repairAfterMs;
      if (!isLeaderUp || !(isLate || hasOwnTail || this.#server.isEmpty)) return;
      await this.#repair(leader);
      this.#aloneSince = Date.now();
    });
  }

  /** A leader goes on until it is fenced, so that the next one takes over without a gap. */
  async stop(patienceMs: number): Promise<void> {
    this.#isStopping = true;
    const deadlineAt = Date.now() + patienceMs;
    while (this.#isLeading && Date.now() < deadlineAt) await sleep(50);
    await this.#inTurn(() => this.#server.stop());
  }

  /** Replays the rows of `from`, up to its position. */
  async #catchUp(from: string, position: Position): Promise<void> {
    if (this.#isLeading || this.#memory.hasOwnTail || this.#server.isEmpty) await this.#repair(from);
    else await this.#server.replicateFrom(from);
    const deadlineAt = Date.now() + catchUpTimeoutMs;
    while (!(await this.#reaches(position))) {
      if (Date.now() > deadlineAt) throw new Error(`did not catch up with ${from} to ${position.lsn}`);
      await sleep(10);
    }
    await this.#stopReceiving();
  }

  async #reaches({ epoch, lsn }: Position): Promise<boolean> {
    const [reached] = await this.#server.query(`SELECT pg_last_wal_replay_lsn() >= '${lsn}'::pg_lsn`);
    return reached === 't' && (await this.#readEpoch()) >= epoch;
  }

  async #promote(): Promise<void> {
    const isStandby = async () => (await this.#server.query('SELECT pg_is_in_recovery()'))[0] === 't';
    if (!(await isStandby())) return;
    await this.#server.query('SELECT pg_promote(false)');
    const deadlineAt = Date.now() + catchUpTimeoutMs;
    while (await isStandby()) {
      if (Date.now() > deadlineAt) throw new Error('the promotion did not end');
      await sleep(5);
    }
  }

  /**
   * Writes the epoch into the data, before any row under this leader that is ever acknowledged. So
   * the data of every instance says which leader wrote last to it. A commit that came before it
   * still waits at the closed gate, and its connection is cut without an answer.
   */
  async #sign(epoch: number): Promise<void> {
    await this.#server.query("SET synchronous_commit = 'local'");
    await this.#server.query('CREATE TABLE IF NOT EXISTS zen_lead_epoch (only_row bool PRIMARY KEY, epoch bigint)');
    await this.#server.query('INSERT INTO zen_lead_epoch VALUES (true, 0) ON CONFLICT DO NOTHING');
    const signed = await this.#server.query(
      `UPDATE zen_lead_epoch SET epoch = ${epoch} WHERE epoch <= ${epoch} RETURNING epoch`,
    );
    if (signed.length === 0) throw new StaleEpoch(`the data were written by a newer leader than ${epoch}`);
    if (this.#isLeading) return;
    await this.#server.query('CREATE TABLE IF NOT EXISTS zen_lead_timeline (id bigint PRIMARY KEY, epoch bigint)');
    const timeline = "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint";
    await this.#server.query(`INSERT INTO zen_lead_timeline VALUES (${timeline}, ${epoch})`);
    const clients = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    await this.#server.query(`CREATE TEMP TABLE earlier AS SELECT pid, backend_start ${clients}`);
    const terminate = `SELECT pg_terminate_backend(pid) ${clients} AND (pid, backend_start) IN (TABLE earlier)`;
    const deadlineAt = Date.now() + catchUpTimeoutMs;
    while ((await this.#server.query(terminate)).length > 0) {
      if (Date.now() > deadlineAt) throw new Error('clients from before the promotion do not end');
      await sleep(5);
    }
    await this.#server.query('DROP TABLE earlier');
  }

  /** Takes back what only this instance has, or copies all of the other's data. */
  async #repair(from: string): Promise<void> {
    this.#isLeading = false;
    const mayRewind = await this.#mayRewind(from);
    await this.#server.stop();
    try {
      await this.#rewindOrClone(from, mayRewind);
      this.#keep({ hasOwnTail: false });
    } finally {
      // What it has may still be what the next leader needs.
      if (!this.#server.isEmpty) await this.#server.start('standby', this.#memory.hasOwnTail ? null : from);
    }
  }

  /**
   * True when no timeline has another leader here than there. Two standbys that are promoted from
   * the same timeline, each without knowing of the other, give the next one the same number, and
   * pg_rewind takes two timelines of one number for the same.
   */
  async #mayRewind(from: string): Promise<boolean> {
    if (this.#server.isEmpty || (this.#memory.hasOwnTail && !this.#memory.isSigned)) return false;
    try {
      const timelines = 'SELECT id, epoch FROM zen_lead_timeline';
      const here = await this.#server.query(timelines);
      const there = new Map((await this.#server.queryOf(from, timelines)).map((row) => toPair(row)));
      return here.map(toPair).every(([id, epoch]) => (there.get(id) ?? epoch) === epoch);
    } catch (error) {
      console.error(`timelines are not compared: ${String(error)}`);
      return false;
    }
  }

  async #rewindOrClone(from: string, mayRewind: boolean): Promise<void> {
    if (mayRewind) {
      try {
        await this.#server.rewind(from);
        console.log(`took back what ${from} does not have`);
        return;
      } catch (error) {
        console.error(`no rewind: ${String(error)}`);
      }
    }
    await this.#server.clone(from);
    console.log(`copied ${from}`);
  }

  async #isReceiving(): Promise<boolean> {
    return (await this.#server.query("SELECT 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'")).length > 0;
  }

  /** Returns once nothing more arrives, and all that has arrived is replayed. */
  async #stopReceiving(): Promise<void> {
    await this.#server.replicateFrom(null);
    const isSettled = [
      'SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver) AND EXISTS (SELECT FROM pg_stat_activity',
      "WHERE backend_type = 'startup' AND wait_event IN ('RecoveryWalStream', 'RecoveryRetrieveRetryInterval'))",
    ].join(' ');
    const deadlineAt = Date.now() + catchUpTimeoutMs;
    while ((await this.#server.query(isSettled))[0] !== 't') {
      if (Date.now() > deadlineAt) throw new Error('the instance goes on receiving');
      await sleep(5);
    }
  }

  async #readPosition(): Promise<Position> {
    const [lsn = '0/0'] = await this.#server.query(
      'SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END',
    );
    return { epoch: await this.#readEpoch(), lsn };
  }

  async #readEpoch(): Promise<number> {
    const [table] = await this.#server.query("SELECT to_regclass('zen_lead_epoch')");
    if (table === '' || table === undefined) return 0;
    return Number((await this.#server.query('SELECT epoch FROM zen_lead_epoch'))[0] ?? 0);
  }

  #refuseOlder(epoch: number): void {
    if (epoch < this.#memory.promised) throw new StaleEpoch(`${this.#name} has promised ${this.#memory.promised}`);
  }

  #keep(change: Partial<Memory>): void {
    this.#memory = { ...nothing, ...this.#memory, ...change };
    remember(this.#file, this.#memory);
  }

  #inTurn<T>(order: () => Promise<T>): Promise<T> {
    const result = this.#last.then(order);
    this.#last = result.catch(() => {});
    return result;
  }
}

function toPair(row: string): readonly [string, string] {
  const [id = '', epoch = ''] = row.split('|');
  return [id, epoch];
}
