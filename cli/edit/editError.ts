/**
 * Why an edit is refused: exit code 1, because what was typed can be read and the state of the cluster forbids it.
 */

import { ZenLeadError } from '../../lib/errors.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';

export function editError({ namespace, name }: ServiceRef, problem: string): ZenLeadError {
  return new ZenLeadError('REFUSED', `${namespace}/${name}: ${problem}`, { retry: 'never' });
}
