/**
 * startProbeThreads: asks pods on other threads (`--probe-threads`), so that the sockets of many
 * probes take no time from the event loop that failovers wait for.
 *
 * A thread opens connections and reads answers. Standings, verdicts and the rate stay where they
 * are, so nothing but the network of the prober is another one.
 *
 * Guarantees: a thread is given no more probes than it answers soon; the others wait before their
 * time begins. A probe always gets a result. One whose thread says nothing soon after its time, or
 * has ended, is void. A thread that ended is started again.
 * Does not guarantee that a probe costs less: it costs two messages more.
 * Source: https://nodejs.org/api/worker_threads.html
 */

import { parentPort, Worker, workerData } from 'node:worker_threads';
import type { Clock } from '../../clock.ts';
import type { Held, ProbeNetwork } from '../network.ts';
import { type Endpoint, isVoid, type ProbeResult } from '../probe.ts';
import { serveProbes } from './serveProbes.ts';
import { createOutbox, type Order, PROBE_THREAD, type Word } from './threadMessages.ts';

export interface ProbeThreads extends ProbeNetwork {
  close(): Promise<void>;
}

export interface ProbeThreadsOptions {
  /** From 1 on. */
  readonly threads: number;
  readonly clock: Clock;
  /** A thread has ended by itself, and is started again. */
  onLost(error: Error | null): void;
  /** For tests: starts what answers instead of a thread of this file. */
  readonly startThread?: () => Thread;
}

/** What is used of a `Worker`. */
export type Thread = Pick<Worker, 'postMessage' | 'on' | 'terminate' | 'unref'>;

/** A message there, a turn of that event loop, and a message back. */
const LAST_WORD_MS = 100;
const START_AGAIN_MS = 1_000;
/** Of one thread. Each takes a fraction of a millisecond, so the last one begins soon enough. */
const MAX_IN_FLIGHT = 64;
/** How late a thread may be that was not told for how long a probe may take. */
const UNTIMED_MS = 1_000;

interface Served {
  readonly say: (order: Order) => void;
  readonly terminate: () => Promise<unknown>;
  isLost: boolean;
}

interface Waiting {
  readonly thread: Served;
  readonly settle: (result: ProbeResult) => void;
}

interface Kept {
  readonly thread: Served;
  readonly onClose: () => void;
}

export function startProbeThreads(options: ProbeThreadsOptions): ProbeThreads {
  const { clock, startThread = startOwnThread } = options;
  const waiting = new Map<number, Waiting>();
  const kept = new Map<number, Kept>();
  const idsOf = new WeakMap<Held, number>();
  let ids = 0;
  let turn = 0;
  let isClosed = false;
  /** Probes that wait for room. */
  let waitingBegins: (() => void)[] = [];
  const threads: Served[] = Array.from({ length: options.threads }, (_, at) => serve(at));

  function serve(at: number): Served {
    const worker = startThread();
    worker.unref();
    const served: Served = {
      say: createOutbox<Order>((orders) => worker.postMessage(orders)),
      terminate: () => worker.terminate(),
      isLost: false,
    };
    let problem: Error | null = null;
    worker.on('message', (words: readonly Word[]) => words.forEach(hear));
    worker.on('error', (error: unknown) => {
      problem = error instanceof Error ? error : new Error(String(error));
    });
    worker.on('exit', () => lose(served, at, problem));
    return served;
  }

  function hear(word: Word): void {
    if (word.kind === 'result') waiting.get(word.id)?.settle(word.result);
    else close(word.id)?.onClose();
  }

  function close(id: number): Kept | undefined {
    const held = kept.get(id);
    kept.delete(id);
    return held;
  }

  function lose(thread: Served, at: number, problem: Error | null): void {
    thread.isLost = true;
    if (isClosed) return;
    options.onLost(problem);
    clock.setTimer(() => {
      if (!isClosed) threads[at] = serve(at);
    }, START_AGAIN_MS);
    for (const { thread: of, settle } of [...waiting.values()]) if (of === thread) settle(isVoid);
    for (const [id, { thread: of }] of [...kept]) if (of === thread) close(id)?.onClose();
  }

  /** One after the other; a session is where it was opened. */
  function choose(held: Held | null): Served | undefined {
    const holder = held === null ? undefined : kept.get(idsOf.get(held) ?? 0)?.thread;
    if (holder !== undefined) return holder;
    turn += 1;
    const live = threads.filter(({ isLost }) => !isLost);
    return live[turn % live.length];
  }

  function hasRoom(): boolean {
    return waiting.size < MAX_IN_FLIGHT * options.threads;
  }

  /** One that is not wanted any more begins none, and leaves its place to the next. */
  function beginNext(): void {
    let taken = 0;
    while (hasRoom() && taken < waitingBegins.length) waitingBegins[taken++]?.();
    waitingBegins = waitingBegins.slice(taken);
  }

  return {
    admit(begin) {
      if (hasRoom() && waitingBegins.length === 0) begin();
      else waitingBegins.push(begin);
    },
    probe(endpoint, signal, held) {
      const thread = choose(held);
      if (thread === undefined || signal.aborted) return Promise.resolve(isVoid);
      ids += 1;
      const id = ids;
      const { promise, resolve } = Promise.withResolvers<ProbeResult>();
      let cancel = (): void => undefined;
      const onAbort = (): void => {
        thread.say({ kind: 'abort', id });
        cancel = clock.setTimer(() => settle(isVoid), LAST_WORD_MS);
      };
      const settle = (result: ProbeResult): void => {
        waiting.delete(id);
        signal.removeEventListener('abort', onAbort);
        cancel();
        resolve(result);
        if (waitingBegins.length > 0) beginNext();
      };
      waiting.set(id, { thread, settle });
      signal.addEventListener('abort', onAbort, { once: true });
      const heldId = held === null ? undefined : idsOf.get(held);
      thread.say({
        ...{ kind: 'probe', id, endpoint: toPlain(endpoint), timeoutMs: endpoint.timeoutMs ?? UNTIMED_MS },
        held: heldId !== undefined && kept.has(heldId) ? heldId : null,
      });
      return promise;
    },
    hold(endpoint, onClose) {
      ids += 1;
      const id = ids;
      const thread = choose(null);
      const held: Held = {
        session: null,
        close() {
          if (close(id) !== undefined) thread?.say({ kind: 'release', id });
        },
      };
      if (thread === undefined) return held;
      idsOf.set(held, id);
      kept.set(id, { thread, onClose });
      thread.say({ kind: 'hold', id, endpoint: toPlain(endpoint) });
      return held;
    },
    async close() {
      isClosed = true;
      await Promise.all(threads.map(({ terminate }) => terminate()));
      for (const { settle } of [...waiting.values()]) settle(isVoid);
      kept.clear();
      waitingBegins = [];
    },
  };
}

/** Only what a probe needs: the rest of a check would be copied for each. */
function toPlain({ address, check: { scheme, port, target, role } }: Endpoint): Endpoint {
  return { address, check: { scheme, port, target, ...(role !== undefined && { role }) } };
}

function startOwnThread(): Thread {
  return new Worker(new URL(import.meta.url), { workerData: PROBE_THREAD, name: PROBE_THREAD });
}

// In a bundle this file is part of another one, and a thread starts with the whole of that.
if (workerData === PROBE_THREAD && parentPort !== null) serveProbes(parentPort);
