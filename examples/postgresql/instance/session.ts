/**
 * Keeps one `psql` connected and gives it one statement at a time.
 *
 * Guarantees: an answer belongs to its statement. A statement without an answer in time ends the
 * session, and its outcome is unknown.
 */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export interface Answer {
  /** Rows, with `|` between columns. */
  readonly rows: readonly string[];
  /** Warnings of the server, as `psql` prints them. */
  readonly warnings: readonly string[];
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const mark = '--end-of-answer';

export class Session {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  #lines: string[] = [];
  #waiting: Waiting | null = null;
  #rest = '';
  #ended = false;

  /** `connection` is a connection string of libpq. The password comes from `PGPASSWORD`. */
  constructor(connection: string) {
    // Both outputs of psql share one pipe, so that a warning comes before the answer it belongs to.
    this.#process = spawn('/bin/sh', ['-c', 'exec psql -XAtq -d "$0" 2>&1', connection], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#process.stdin.on('error', () => {}); // the exit says why
    this.#process.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#read(chunk));
    this.#process.on('error', () => this.#end());
    this.#process.on('close', () => this.#end());
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Rejects when the server refuses the statement, and when the session ends before the answer. */
  async query(statement: string, timeoutMs = 5_000): Promise<Answer> {
    if (this.#ended) throw new Error(`the session has ended: ${this.#lines.join(' ')}`);
    if (this.#waiting !== null) throw new Error('the session is busy');
    const timer = setTimeout(() => this.close(), timeoutMs);
    try {
      return await new Promise<Answer>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        this.#process.stdin.write(`${statement};\n\\echo ${mark} :ERROR :LAST_ERROR_MESSAGE\n`);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#process.kill('SIGKILL');
  }

  #read(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith(mark)) this.#lines.push(line);
      else this.#settle(line.slice(mark.length + 1));
    }
  }

  #settle(outcome: string): void {
    const lines = this.#lines;
    const waiting = this.#waiting;
    this.#lines = [];
    this.#waiting = null;
    if (outcome.startsWith('true')) waiting?.reject(new Error(outcome.slice('true '.length)));
    else {
      const isRow = (line: string) => !/^(FATAL|WARNING|NOTICE|DETAIL|HINT|CONTEXT): /.test(line);
      waiting?.resolve({ rows: lines.filter(isRow), warnings: lines.filter((line) => !isRow(line)) });
    }
  }

  #end(): void {
    this.#ended = true;
    this.#waiting?.reject(new Error(`no answer: ${this.#lines.join(' ') || 'the session ended'}`));
    this.#waiting = null;
  }
}
