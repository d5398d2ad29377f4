/**
 * Reads events of Knative's ApiServerSource, in both its modes (`resource` sends whole objects,
 * `reference` names only). They are always hints. Only the subject is read, whatever the body says.
 *
 * Source: https://knative.dev/docs/eventing/sources/apiserversource/ ; real ones in
 * test/fixtures/apiserversource-*.jsonl
 */

import { inputError } from '../errors.ts';
import type { Envelope } from './envelope.ts';
import { isRfc1123Label } from './subject.ts';

/** An object that changed, of a kind that can concern us. */
export interface ForeignHint {
  readonly kind: 'foreign';
  readonly type: string;
  readonly namespace: string;
  /** Null for an object of another kind, which concerns no Service. */
  readonly objectKind: 'Pod' | 'Service' | 'EndpointSlice' | null;
  readonly name: string;
  readonly observedAt?: number;
}

const TYPE = /^dev\.knative\.apiserver\.(?:resource|ref)\.(?:add|update|delete)$/;
/** `/apis/v1/…` for the core group too, as the adapter writes it. */
const SUBJECT = /^\/apis?\/(?:[^/]+\/){1,2}namespaces\/([^/]+)\/([a-z]+)\/([^/]+)$/;
const KINDS = new Map([
  ['pods', 'Pod'],
  ['services', 'Service'],
  ['endpointslices', 'EndpointSlice'],
] as const);

export function isForeignType(type: string): boolean {
  return TYPE.test(type);
}

export function parseForeign({ type, subject, time }: Envelope): ForeignHint {
  const [, namespace = '', plural = '', name = ''] = SUBJECT.exec(subject ?? '') ?? [];
  if (!isRfc1123Label(namespace) || name.length > 253)
    throw inputError('subject', 'must be /apis/<group>/<version>/namespaces/<namespace>/<resource>/<name>');
  const objectKind = [...KINDS].find(([each]) => each === plural)?.[1] ?? null;
  return { kind: 'foreign', type, namespace, objectKind, name, ...(time === undefined ? {} : { observedAt: time }) };
}
