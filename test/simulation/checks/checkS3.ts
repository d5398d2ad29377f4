/**
 * Checks S3. Every write carries the uid, and a resourceVersion that is neither empty nor "0". A
 * create has a name of its own.
 */

import type { ObservedWrite } from '../apiServer.ts';

export function checkS3({ plural, name, request }: ObservedWrite): string | null {
  if (request.verb === 'create') return name ? null : `create ${plural} without a name`;
  const { uid, resourceVersion } = request.verb === 'delete' ? request.preconditions : (request.patch.metadata ?? {});
  const what = `${request.verb} ${plural}/${name}`;
  if (typeof uid !== 'string' || uid === '') return `${what} without a uid`;
  if (typeof resourceVersion !== 'string' || resourceVersion === '' || resourceVersion === '0')
    return `${what} without a resourceVersion`;
  return null;
}
