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

const SUBJECT = /^namespaces\/([^/]+)\/services\/([^/]+)$/;
const RFC_1123_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

export function serviceSubject(namespace: string, name: string): string {
  return `namespaces/${namespace}/services/${name}`;
}

export function parseSubject(subject: unknown): ServiceRef {
  const [, namespace = '', name = ''] = (typeof subject === 'string' && SUBJECT.exec(subject)) || [];
  if (!isRfc1123Label(namespace) || !isRfc1123Label(name))
    throw inputError('subject', 'must be namespaces/<namespace>/services/<service>, both RFC 1123 labels');
  return { namespace, name };
}

export function isRfc1123Label(name: string): boolean {
  return RFC_1123_LABEL.test(name);
}
