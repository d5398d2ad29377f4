import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { toTlsFiles } from '../../../cli/serve/tlsFiles.ts';
import { aCertificate } from '../../support/programs/aCertificate.ts';
import { aDirectory } from '../../support/programs/aKubeconfig.ts';

it('takes a certificate and its key, and says which file is wrong, before anything listens', () => {
  const [{ cert, key }, other] = [aCertificate(), aCertificate()];
  const noPem = join(aDirectory(), 'no.pem');
  writeFileSync(noPem, 'no PEM');
  expect(toTlsFiles({ tlsCert: undefined, tlsKey: undefined })).toBeUndefined();
  expect(toTlsFiles({ tlsCert: cert, tlsKey: key })).toEqual({ cert, key });
  for (const [tlsCert, tlsKey, why] of [
    [cert, undefined, '--tls-cert: needs --tls-key'],
    ['/nope', key, '--tls-cert: /nope cannot be read'],
    [cert, '/nope', '--tls-key: /nope cannot be read'],
    [noPem, key, `${noPem} and ${key} are no certificate and its key`],
    [cert, other.key, 'are no certificate and its key'],
  ] as const)
    expect(() => toTlsFiles({ tlsCert, tlsKey })).toThrow(why);
});
