/**
 * openStream: is the client's side of one simulated watch. Lines arrive in order, at their own
 * times, and are read one by one.
 *
 * While the process is frozen or its link is cut, lines pile up and then arrive together, as TCP
 * has it.
 */

import type { ZenLeadError } from '../../lib/errors.ts';
import type { Process } from './scheduler.ts';
import type { WatchClient } from './watchServer.ts';

export interface StreamOptions {
  readonly process: Process;
  readonly signal: AbortSignal;
  now(): number;
  /** When what is sent now will be there. */
  arrivesAt(): number;
  open(client: WatchClient): Promise<() => void>;
  readonly onOpen: () => void;
  readonly onLine: () => void;
  readonly onEnd: () => void;
}

type Arrival = { readonly line: object } | { readonly end: ZenLeadError | null };

export async function* openStream({
  process,
  signal,
  now,
  arrivesAt,
  open,
  onOpen,
  onLine,
  onEnd,
}: StreamOptions): AsyncGenerator<unknown> {
  const arrived: Arrival[] = [];
  let onTheWay = 0;
  let lastAt = 0;
  let wake = (): void => {};

  function send(arrival: Arrival): void {
    lastAt = Math.max(lastAt, arrivesAt());
    onTheWay += 1;
    process.schedule(lastAt - now(), () => {
      onTheWay -= 1;
      arrived.push(arrival);
      wake();
    });
  }
  const client: WatchClient = {
    name: process.name,
    pending: () => onTheWay + arrived.length,
    deliver: (line) => send({ line }),
    end: (end) => send({ end }),
  };

  const stop = await open(client);
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort);
  try {
    onOpen();
    while (!signal.aborted) {
      const next = arrived.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if ('line' in next) {
        onLine();
        yield next.line;
      } else if (next.end === null) return;
      else throw next.end;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    stop();
    onEnd();
  }
}
