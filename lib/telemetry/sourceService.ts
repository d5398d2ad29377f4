/**
 * Remembers which source Service the present work is about, for the label `service` of API calls.
 *
 * It travels with the asynchronous flow, as a span does, and not as an argument: the objects that
 * are written have names of their own, and no call to the API server depends on it. Only a metric
 * may.
 *
 * Source: https://nodejs.org/api/async_context.html#class-asynclocalstorage
 */

import { AsyncLocalStorage } from 'node:async_hooks';

const flow = new AsyncLocalStorage<string>();

/** `name`: of the Service that a user annotated, without its namespace. */
export function aboutService<Result>(name: string, work: () => Result): Result {
  return flow.run(name, work);
}

/** Empty outside of any reconcile. */
export function presentService(): string {
  return flow.getStore() ?? '';
}
