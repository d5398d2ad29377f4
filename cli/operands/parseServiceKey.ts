/**
 * Parses `<namespace>/<service>` as people type it.
 */

import { configError } from '../../lib/config/parseValue.ts';
import { isRfc1123Label, type ServiceRef } from '../../lib/events/subject.ts';

/** Rejects with CONFIG_INVALID. */
export function parseServiceKey(text: string): ServiceRef {
  const [namespace = '', name = '', ...more] = text.split('/');
  if (isRfc1123Label(namespace) && isRfc1123Label(name) && more.length === 0) return { namespace, name };
  throw configError(`"${text}" does not name a Service; write NAMESPACE/SERVICE, for instance default/postgres`);
}
