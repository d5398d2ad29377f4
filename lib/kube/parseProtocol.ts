/**
 * Parses the protocol of a port and the family of an address, each from a closed list.
 */

import { inputError } from '../errors.ts';
import type { IpFamily, Protocol } from '../selection/snapshot.ts';
import { type Fields, takeOptionalChoice } from './fields.ts';

const protocols = ['TCP', 'UDP', 'SCTP'] as const;

/** TCP where it is absent, as the API server defaults it. */
export function parseProtocol(fields: Fields, path: string): Protocol {
  return takeOptionalChoice(fields, 'protocol', path, protocols) ?? 'TCP';
}

export function parseIpFamily(value: unknown, path: string): IpFamily {
  if (value === 'IPv4' || value === 'IPv6') return value;
  throw inputError(path, `expected IPv4 or IPv6, got ${JSON.stringify(value)}`);
}
