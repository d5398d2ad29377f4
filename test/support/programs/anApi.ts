/**
 * Starts `zen-lead api` as a program, and asks it as a client would.
 */

import { onTestFinished } from 'vitest';
import { type Program, readUrl, startProgram } from './startProgram.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface Api {
  readonly url: string;
  readonly program: Program;
  ask(path: string, init?: RequestInit): Promise<Answer>;
  post(path: string, body: object, init?: RequestInit): Promise<Answer>;
  /** Server-sent events as they come; comments left out. */
  follow(path: string, init?: RequestInit): Promise<{ next(): Promise<{ event: string; id?: string; data: unknown }> }>;
}

export async function anApi(kubeconfig: string, ...args: readonly string[]): Promise<Api> {
  const program = startProgram(['api', '--kubeconfig', kubeconfig, '--port', '0', ...args]);
  return toApi(await readUrl(program), program);
}

export function toApi(url: string, program: Program): Api {
  async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${url}${path}`, init);
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }
  return {
    url,
    program,
    ask,
    post: (path, body, init = {}) =>
      ask(path, {
        ...init,
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...init.headers },
      }),
    async follow(path, init = {}) {
      const stop = new AbortController();
      onTestFinished(() => stop.abort());
      const response = await fetch(`${url}${path}`, { ...init, signal: stop.signal });
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      let unread = '';
      return {
        async next() {
          for (;;) {
            const match = /(?:id: (.*)\n)?event: (.*)\ndata: (.*)\n\n/.exec(unread);
            if (match !== null) {
              unread = unread.slice(match.index + match[0].length);
              const [, id, event = '', data = ''] = match;
              return { event, data: JSON.parse(data), ...(id !== undefined && { id }) };
            }
            const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
            if (done) throw new Error(`${path}: the stream has ended`);
            unread += value;
          }
        },
      };
    },
  };
}
