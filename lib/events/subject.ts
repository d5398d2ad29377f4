/**
 * Writes and parses the subject of our events: the source Service that an event is about.
 *
 * Guarantees: `parseSubject(serviceSubject(ns, name))` gives the two back. Whatever it accepts can
 * be a namespace and a Service name, and fits into a URL of the API server as it is. Source:
 * CloudEvents 1.0 "subject";
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ (RFC 1123 labels;
 * Service names are RFC 1035 labels until KEP-5311 relaxes them to RFC 1123).
 */

import { inputError } from '../errors.ts';

/** A namespace and the name of a Service in it. */
export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
}

/** A Service, or one election of it. `election` and `slot` are absent where it has one election. */
export interface SubjectRef extends ServiceRef {
  readonly election?: string;
  readonly slot?: number;
}

const SUBJECT = /^namespaces\/([^/]+)\/services\/([^/]+)(?:\/elections\/([^/]*)(?:\/slots\/(0|[1-9]\d?))?)?$/;
const FORM = 'namespaces/<namespace>/services/<service>';
const RFC_1123_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** The one election of a Service, or the first slot of a pool, is named by less. */
export function serviceSubject(namespace: string, name: string, election = '', slot = 0): string {
  const service = `namespaces/${namespace}/services/${name}`;
  if (election === '' && slot === 0) return service;
  return `${service}/elections/${election}${slot === 0 ? '' : `/slots/${slot}`}`;
}

export function parseSubject(subject: unknown): SubjectRef {
  const [, namespace = '', name = '', election, slot] = (typeof subject === 'string' && SUBJECT.exec(subject)) || [];
  if (!isRfc1123Label(namespace) || !isRfc1123Label(name))
    throw inputError('subject', `must be ${FORM}, both RFC 1123 labels`);
  if (election === undefined) return { namespace, name };
  if (election !== '' && !isRfc1123Label(election))
    throw inputError('subject', `must be ${FORM}[/elections/<election>]`);
  return { namespace, name, election, slot: Number(slot ?? 0) };
}

export function isRfc1123Label(name: string): boolean {
  return RFC_1123_LABEL.test(name);
}
