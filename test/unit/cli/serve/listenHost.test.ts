import { expect, it } from 'vitest';
import { chooseListenHost } from '../../../../cli/serve/listenHost.ts';

it.each([
  { what: 'what is asked for', host: '192.0.2.1', kubernetesServiceHost: '10.96.0.1', expected: '192.0.2.1' },
  {
    what: 'this machine alone outside a cluster',
    host: undefined,
    kubernetesServiceHost: undefined,
    expected: '127.0.0.1',
  },
  {
    what: 'every address in an IPv4 cluster',
    host: undefined,
    kubernetesServiceHost: '10.96.0.1',
    expected: '0.0.0.0',
  },
  { what: 'every address in an IPv6 cluster', host: undefined, kubernetesServiceHost: 'fd00:96::1', expected: '::' },
])('listens on $what', ({ host, kubernetesServiceHost, expected }) => {
  expect(chooseListenHost({ host, kubernetesServiceHost })).toBe(expected);
});
