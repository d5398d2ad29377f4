/**
 * Sends plain HTTP to a target, so that the suite sees every status, header and byte. Our own
 * client would hide some of them.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, request } from 'undici';
import type { Target } from './target.ts';

/** An idle server answers in milliseconds. */
const timeoutMs = 15_000;

export function connectTarget(
  url: () => string,
  dispatcher: Dispatcher,
  authorization: Readonly<Record<string, string>>,
): Pick<Target, 'ask' | 'watch'> {
  return {
    async ask(method, path, body, options = {}) {
      const answer = await request(`${url()}${path}`, {
        method,
        dispatcher,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          ...authorization,
          accept: options.accept ?? 'application/json',
          ...(body === undefined ? {} : { 'content-type': options.contentType ?? 'application/json' }),
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await answer.body.text();
      return { status: answer.statusCode, headers: answer.headers, body: parse(text) };
    },
    async watch(path, { accept = 'application/json', count = Number.POSITIVE_INFINITY } = {}) {
      const stop = new AbortController();
      const deadline = sleep(timeoutMs, undefined, { signal: stop.signal, ref: false }).then(
        () => stop.abort(),
        () => undefined,
      );
      const lines: unknown[] = [];
      let rest = '';
      try {
        const answer = await request(`${url()}${path}`, {
          dispatcher,
          signal: stop.signal,
          headers: { ...authorization, accept },
        });
        for await (const chunk of answer.body) {
          const parts = (rest + String(chunk)).split('\n');
          rest = parts.pop() ?? '';
          lines.push(...parts.map(parse));
          if (lines.length >= count) break;
        }
      } finally {
        stop.abort();
        await deadline;
      }
      if (rest !== '' && lines.length < count) lines.push(parse(rest));
      return lines;
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
