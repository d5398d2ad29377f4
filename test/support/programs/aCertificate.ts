/** Makes certificates for localhost that last a day, with openssl. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { aDirectory } from './aKubeconfig.ts';

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export function aCertificate(commonName = 'localhost'): CertificateFiles {
  const folder = aDirectory();
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  const names = ['-subj', `/CN=${commonName}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', [...made, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert, key };
}
