import { describe, expect, it } from 'vitest';
import { podAddressesOnly } from '../../../../bridge/probes/addressPolicy.ts';

describe('podAddressesOnly', () => {
  it.each(['10.0.0.1', '172.17.0.2', '192.168.1.1', '100.64.0.1', '8.8.8.8', 'fd00::1', '2001:db8::1'])(
    'lets %s be probed',
    (address) => {
      expect(podAddressesOnly(address)).toBe(true);
    },
  );

  it.each([
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['loopback', '::1'],
    ['loopback in full', '0:0:0:0:0:0:0:1'],
    ['loopback, mapped', '::ffff:127.0.0.1'],
    ['loopback, mapped, in hex', '::ffff:7f00:1'],
    ['loopback, mapped, in full', '0:0:0:0:0:ffff:7f00:1'],
    ['loopback, compatible', '::127.0.0.1'],
    ['loopback, translated', '64:ff9b::7f00:1'],
    ['loopback, 6to4', '2002:7f00:1::'],
    ['link-local', '169.254.169.254'],
    ['link-local, mapped', '::ffff:169.254.169.254'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['an address with a zone', 'fd00::1%eth0'],
    ['multicast', '224.0.0.1'],
    ['multicast', '239.255.255.255'],
    ['multicast', 'ff02::1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '0.0.0.0'],
    ['unspecified', '::'],
    ['unspecified, mapped', '::ffff:0.0.0.0'],
    ['a name', 'localhost'],
    ['a number', '2130706433'],
    ['a short form', '127.1'],
    ['nothing', ''],
  ])('refuses %s: %s', (_what, address) => {
    expect(podAddressesOnly(address)).toBe(false);
  });
});
