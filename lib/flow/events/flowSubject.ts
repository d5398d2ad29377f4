/** Writes and parses the subject of an event: the flow that it is about. */

import { inputError } from '../../errors.ts';
import type { FlowRef } from './flowEvent.ts';

const SUBJECT = /^namespaces\/([^/]+)\/jobflows\/([^/]+)$/;
const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

export function flowSubject({ namespace, name }: FlowRef): string {
  return `namespaces/${namespace}/jobflows/${name}`;
}

/** Throws `INPUT_INVALID`. */
export function parseFlowSubject(subject: string): FlowRef {
  const [, namespace = '', name = ''] = SUBJECT.exec(subject) ?? [];
  if (!isObjectName(namespace) || !isObjectName(name))
    throw inputError('subject', 'must be namespaces/<namespace>/jobflows/<flow>, both names that Kubernetes takes');
  return { namespace, name };
}

export function isObjectName(name: string): boolean {
  return NAME.test(name);
}
