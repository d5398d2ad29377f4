/**
 * Opens a new connection to the leader Service 20 times a second and notes which pod answers, as an
 * application without a connection pool would.
 */

import { connect } from 'node:net';

export interface Answer {
  /** Milliseconds of `performance.now()`. */
  readonly askedAt: number;
  readonly answeredAt: number;
  /** Name of the pod; null where none answered. */
  readonly from: string | null;
}

/** 20 questions a second: fine enough to see a failover, coarse enough to draw. */
export const ASK_EVERY_MS = 50;
/**
 * Long enough for a busy machine; a dead pod's connection is refused at once and does not wait for
 * this.
 */
const ANSWER_WITHIN_MS = 2_000;

interface Client {
  /** What was asked since `since`, in the order asked. */
  answersSince(since: number): readonly Answer[];
  /** Every question asked so far has its answer, or was given up. */
  untilAnswered(): Promise<void>;
  close(): void;
}

export function startClient(port: number, onAnswer: (answer: Answer) => void): Client {
  /** A minute of answers; older ones are dropped. */
  const KEEP = 1_200;
  let answers: readonly Answer[] = [];
  const asked = new Set<Promise<void>>();
  const timer = setInterval(() => {
    const one = ask(port).then((answer) => {
      answers = [...answers.slice(1 - KEEP), answer];
      asked.delete(one);
      onAnswer(answer);
    });
    asked.add(one);
  }, ASK_EVERY_MS);
  return {
    answersSince: (since) =>
      answers.filter(({ askedAt }) => askedAt >= since).toSorted((one, other) => one.askedAt - other.askedAt),
    async untilAnswered() {
      await Promise.all(asked);
    },
    close: () => clearInterval(timer),
  };
}

function ask(port: number): Promise<Answer> {
  const askedAt = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const settle = (from: string | null) => {
      socket.destroy();
      resolve({ askedAt, answeredAt: performance.now(), from });
    };
    socket.setTimeout(ANSWER_WITHIN_MS, () => settle(null));
    socket.on('data', (bytes) => settle(bytes.toString('utf8').trim()));
    socket.on('error', () => settle(null));
    socket.on('close', () => settle(null));
  });
}
