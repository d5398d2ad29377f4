/**
 * Says which addresses may be probed. A pod's status can be written by who may patch pods/status,
 * and a probe must not become a way into what this process alone reaches.
 *
 * Guarantees: loopback, link-local, multicast and unspecified addresses are refused, also where an
 * IPv6 address holds an IPv4 one. What is not an address is refused.
 * Source: https://www.iana.org/assignments/iana-ipv4-special-registry,
 * https://www.iana.org/assignments/iana-ipv6-special-registry,
 * https://www.rfc-editor.org/rfc/rfc4291#section-2.5.5 (IPv4-mapped and IPv4-compatible),
 * https://www.rfc-editor.org/rfc/rfc6052#section-2.1 (64:ff9b::/96)
 */

import { BlockList, isIP } from 'node:net';

/** True where the address may be probed. */
export type AddressPolicy = (address: string) => boolean;

// Two lists, because a BlockList compares an IPv4 address as `::ffff:…` with the rules of IPv6.
const refusedV4 = new BlockList();
refusedV4.addSubnet('0.0.0.0', 8, 'ipv4');
refusedV4.addSubnet('127.0.0.0', 8, 'ipv4');
refusedV4.addSubnet('169.254.0.0', 16, 'ipv4');
// Multicast, reserved, and broadcast.
refusedV4.addSubnet('224.0.0.0', 3, 'ipv4');

const refusedV6 = new BlockList();
// Unspecified, loopback, and every form that holds an IPv4 address without saying so.
refusedV6.addSubnet('::', 8, 'ipv6');
// Of the translations to IPv4 the whole is refused, because no pod has such an address.
refusedV6.addSubnet('64:ff9b::', 96, 'ipv6');
refusedV6.addSubnet('64:ff9b:1::', 48, 'ipv6');
refusedV6.addSubnet('2002::', 16, 'ipv6');
refusedV6.addSubnet('fe80::', 10, 'ipv6');
refusedV6.addSubnet('fec0::', 10, 'ipv6');
refusedV6.addSubnet('ff00::', 8, 'ipv6');

export const podAddressesOnly: AddressPolicy = (address) => {
  const family = isIP(address);
  // A zone ("fe80::1%eth0") names an interface of this machine.
  if (family === 0 || address.includes('%')) return false;
  return family === 4 ? !refusedV4.check(address, 'ipv4') : !refusedV6.check(address, 'ipv6');
};
