/**
 * Reads events of Knative's ApiServerSource about JobFlows, JobFlowSchedules and Jobs, in both its
 * modes. They are always hints. Only the subject is read, whatever the body says.
 */

import { inputError } from '../../errors.ts';
import type { Envelope } from '../../events/envelope.ts';
import { isRfc1123Label } from '../../events/subject.ts';
import { isObjectName } from './flowSubject.ts';
import type { ForeignFlowHint } from './parseFlowEvent.ts';

const SUBJECT = /^\/apis?\/(?:[^/]+\/){1,2}namespaces\/([^/]+)\/([a-z]+)\/([^/]+)$/;

const KINDS = new Map([
  ['jobflows', 'JobFlow'],
  ['jobflowschedules', 'JobFlowSchedule'],
  ['jobs', 'Job'],
] as const) as ReadonlyMap<string, 'JobFlow' | 'JobFlowSchedule' | 'Job'>;

export function parseForeignFlow({ id, source, subject }: Envelope): ForeignFlowHint {
  const [, namespace = '', plural = '', name = ''] = SUBJECT.exec(subject ?? '') ?? [];
  if (!isRfc1123Label(namespace) || !isObjectName(name))
    throw inputError('subject', 'must be /apis/<group>/<version>/namespaces/<namespace>/<resource>/<name>');
  const kind = KINDS.get(plural) ?? null;
  return { kind: 'foreign', id, source, object: kind === null ? null : { kind, namespace, name } };
}
