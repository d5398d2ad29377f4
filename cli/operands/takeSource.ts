/**
 * Checks that the Service that a person has named can be led: it is there, and zen-lead did not
 * make it.
 */

import { ZenLeadError } from '../../lib/errors.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';
import { label } from '../../lib/selection/names.ts';
import { isLabelledOurs } from '../../lib/selection/ownership.ts';
import type { ServiceView } from '../../lib/selection/snapshot.ts';

/**
 * Rejects with KUBE_NOT_FOUND or REFUSED, both exit code 1, because the command line could be read.
 */
export function takeSource({ namespace, name }: ServiceRef, source: ServiceView | null): ServiceView {
  if (source === null)
    throw new ZenLeadError('KUBE_NOT_FOUND', `there is no Service ${namespace}/${name}`, { retry: 'never' });
  const ledFor = source.labels[label.sourceService];
  if (!isLabelledOurs(source) || ledFor === undefined) return source;
  const message = `${namespace}/${name} is made by zen-lead; ask for the Service that it is for: ${namespace}/${ledFor}`;
  throw new ZenLeadError('REFUSED', message, { retry: 'never' });
}
