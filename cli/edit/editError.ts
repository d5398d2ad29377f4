/**
 * Makes the error of a refused edit. Its exit code is 1, because the command line can be read and
 * the state of the cluster forbids the edit.
 */

import { ZenLeadError } from '../../lib/errors.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';

export function editError({ namespace, name }: ServiceRef, problem: string): ZenLeadError {
  return new ZenLeadError('REFUSED', `${namespace}/${name}: ${problem}`, { retry: 'never' });
}
