/**
 * parseObject: parses an object of the API server with one of lib/kube's parsers.
 *
 * Errors: KUBE_INVALID, to be tried later. An object that we cannot read is not the fault of the
 * event's sender, so the answer is never 400.
 */

import { ZenLeadError } from '../../lib/errors.ts';

/** `attempt`: what the object was asked for, for the error. */
export function parseObject<T>(attempt: string, input: unknown, parse: (input: unknown) => T): T {
  try {
    return parse(input);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new ZenLeadError('KUBE_INVALID', `${attempt}: an object cannot be read: ${problem}`, {
      retry: 'later',
      cause,
    });
  }
}
