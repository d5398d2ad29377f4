/**
 * The error for a Service that is not there: exit code 1, because the command line could be read.
 */

import { ZenLeadError } from '../../lib/errors.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';

export function noService({ namespace, name }: ServiceRef): ZenLeadError {
  return new ZenLeadError('KUBE_NOT_FOUND', `there is no Service ${namespace}/${name}`, { retry: 'never' });
}
