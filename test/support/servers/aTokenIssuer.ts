/** Signs service-account tokens as kube-apiserver does, and publishes the key on a fake API. */

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { FakeApi } from './fakeApi.ts';

const ISSUER = 'https://kubernetes.default.svc.cluster.local';

export interface TokenIssuer {
  publishOn(fake: FakeApi): void;
  /** For the audience `zen-lead`, unless the changes say otherwise. */
  sign(sub: string, changes?: Readonly<Record<string, unknown>>): Promise<string>;
}

export async function aTokenIssuer(): Promise<TokenIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const key = { ...(await exportJWK(publicKey)), kid: 'only', use: 'sig', alg: 'ES256' };
  return {
    publishOn({ paths }) {
      paths.set('/.well-known/openid-configuration', { issuer: ISSUER, jwks_uri: `${ISSUER}/openid/v1/jwks` });
      paths.set('/openid/v1/jwks', { keys: [key] });
    },
    sign(sub, changes = {}) {
      const exp = Math.floor(Date.now() / 1_000) + 600;
      const claims = { iss: ISSUER, aud: ['zen-lead'], sub, exp, ...changes };
      return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'only' }).sign(privateKey);
    },
  };
}
