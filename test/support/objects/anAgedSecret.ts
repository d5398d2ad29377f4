/** Builds the Secret of a webhook's certificate, of which some of its 90 days are over. */

import { makeCertificate } from '../../../webhooks/certificates/makeCertificate.ts';

const LIFETIME_MS = 90 * 86_400_000;
const commonName = 'zen-flow webhooks';

/** It is renewed 30 days before its end. */
export const RENEWED_BEFORE_MS = LIFETIME_MS / 3;

/** `leftMs`: until it expires. */
export function anAgedSecret(leftMs: number, host = 'localhost'): object {
  const life = { notBefore: Date.now() - LIFETIME_MS + leftMs, notAfter: Date.now() + leftMs };
  const authority = makeCertificate({ commonName, dnsNames: [], ...life });
  const { cert, key } = makeCertificate({ commonName: host, dnsNames: [host], ...life }, { ...authority, commonName });
  const texts = { 'tls.crt': cert, 'tls.key': key, 'ca.crt': authority.cert };
  const encoded = Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString('base64')]);
  return { metadata: { uid: 'u', resourceVersion: '1' }, data: Object.fromEntries(encoded) };
}
