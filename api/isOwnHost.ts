/**
 * Decides whether a request meant this server, by its Host header.
 *
 * A page on a name that its owner has rebound to the address of this port would count as the same
 * origin. It could read every leader (DNS rebinding). Its requests still carry its name. No name
 * can be rebound to be an IP address or localhost.
 *
 * Source: RFC 9110 section 7.2 (Host) and section 15.5.20 (421).
 */

import { isIP } from 'node:net';

const HOST = /^(?:\[([0-9a-f:.]+)\]|([-a-z0-9._]+))(?::\d{1,5})?$/;

/** `names`: in lower case. */
export function isOwnHost(host: string | undefined, names: ReadonlySet<string>): boolean {
  const [, bracketed, name] = HOST.exec((host ?? '').toLowerCase()) ?? [];
  if (bracketed !== undefined) return isIP(bracketed) === 6;
  return name !== undefined && (name === 'localhost' || isIP(name) === 4 || names.has(name));
}
