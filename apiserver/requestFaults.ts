/**
 * Holds the faults that a test or a simulation injects by request, and counts how often each rule
 * struck.
 *
 * A fault strikes before the request is carried out, `lostAnswer` after it.
 *
 * Guarantees: rules are tried in the order they were added. The first that matches strikes;
 * `latency` lets later rules strike too.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { respondStatus } from './serve/respond.ts';
import type { Verb } from './serve/serveResource.ts';
import { StatusError } from './statusError.ts';

export interface RequestInfo {
  readonly verb: Verb;
  /** Plural: `pods`. */
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string | undefined;
  /** Empty for a collection. */
  readonly name: string;
}

type Fault =
  | { readonly kind: 'latency'; readonly latencyMs: number }
  /** Refuses with any status: 429 and 503 with `retryAfterSeconds`, 500, 409, 410, ... */
  | { readonly kind: 'status'; readonly code: number; readonly retryAfterSeconds?: number }
  /** Resets the connection and does nothing. */
  | { readonly kind: 'reset' }
  /** Carries out the request; the answer is lost with the connection. */
  | { readonly kind: 'lostAnswer' }
  /** Sends nothing until the client gives up. */
  | { readonly kind: 'stall' };

interface FaultRule {
  readonly fault: Fault;
  readonly matches: (request: RequestInfo) => boolean;
  /** How many requests the rule strikes; all when absent. */
  readonly times?: number;
}

interface ActiveFault {
  /** How many requests the rule has struck. */
  readonly count: () => number;
  readonly remove: () => void;
}

export interface Faults {
  readonly add: (rule: FaultRule) => ActiveFault;
  readonly clear: () => void;
  /** Returns every fault that strikes this request now, and counts it. */
  readonly strike: (request: RequestInfo) => readonly Fault[];
}

export function createFaults(): Faults {
  const rules = new Map<FaultRule, number>();
  return {
    add(rule) {
      const own = { ...rule };
      let count = 0;
      rules.set(own, 0);
      return {
        count: () => {
          count = rules.get(own) ?? count;
          return count;
        },
        remove: () => {
          count = rules.get(own) ?? count;
          rules.delete(own);
        },
      };
    },
    clear: () => rules.clear(),
    strike(request) {
      const struck: Fault[] = [];
      for (const [rule, count] of rules) {
        if (count >= (rule.times ?? Number.POSITIVE_INFINITY) || !rule.matches(request)) continue;
        rules.set(rule, count + 1);
        struck.push(rule.fault);
        if (rule.fault.kind !== 'latency') break;
      }
      return struck;
    },
  };
}

/** Carries out one fault. `answered` means that the request is over. */
export async function carryOut(
  fault: Fault,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<'answered' | 'continue'> {
  switch (fault.kind) {
    case 'latency': {
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      await sleep(fault.latencyMs, undefined, { signal: gone.signal }).catch(() => undefined);
      return response.destroyed ? 'answered' : 'continue';
    }
    case 'status':
      respondStatus(response, faultStatus(fault.code, fault.retryAfterSeconds).body);
      return 'answered';
    case 'reset':
      request.socket.resetAndDestroy();
      return 'answered';
    case 'lostAnswer':
      return 'continue';
    case 'stall':
      return 'answered';
  }
}

/** Uses the words of the real server. */
function faultStatus(code: number, retryAfterSeconds?: number): StatusError {
  const details = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  switch (code) {
    case 429:
      return new StatusError(code, 'TooManyRequests', 'Too many requests, please try again later.', details);
    case 409:
      return new StatusError(
        code,
        'Conflict',
        'Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again',
        details,
      );
    case 410:
      return new StatusError(code, 'Expired', 'too old resource version', details);
    case 503:
      return new StatusError(
        code,
        'ServiceUnavailable',
        'the server is currently unable to handle the request',
        details,
      );
    case 504:
      return new StatusError(
        code,
        'Timeout',
        'the server was unable to return a response in the time allotted',
        details,
      );
    default:
      return new StatusError(code, 'InternalError', 'Internal error occurred: injected fault', details);
  }
}
