/**
 * Makes a certificate authority and the certificates that it signs, for the webhooks alone: ECDSA
 * on P-256, SHA-256.
 *
 * Node.js signs and parses certificates, and makes none. The packages that do bring a dozen others
 * along, for these hundred lines.
 *
 * Source: RFC 5280 (profile), RFC 5480 (keys), RFC 5758 section 3.2 (signature)
 */

import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { bitString, integer, objectId, octetString, sequence, set, tagged, time, utf8, yes } from './der.ts';

/** Both in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

interface Wanted {
  readonly commonName: string;
  /** Empty for an authority. */
  readonly dnsNames: readonly string[];
  /** Epoch milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

const algorithm = sequence(objectId(OID.ecdsaWithSha256));

/** Signed by `issuer`, or by itself where there is none: then it is an authority. */
export function makeCertificate(wanted: Wanted, issuer?: Certificate & { readonly commonName: string }): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyInfo = publicKey.export({ type: 'spki', format: 'der' });
  const issuerKeyInfo =
    issuer === undefined ? keyInfo : createPublicKey(issuer.key).export({ type: 'spki', format: 'der' });
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    algorithm,
    nameOf(issuer?.commonName ?? wanted.commonName),
    sequence(time(wanted.notBefore), time(wanted.notAfter)),
    nameOf(wanted.commonName),
    keyInfo,
    tagged(0xa3, sequence(...extensions(wanted, issuer === undefined, keyInfo, issuerKeyInfo))),
  );
  const signature = sign('sha256', body, issuer === undefined ? privateKey : createPrivateKey(issuer.key));
  const certificate = sequence(body, algorithm, bitString(signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function nameOf(commonName: string): Buffer {
  return sequence(set(sequence(objectId(OID.commonName), utf8(commonName))));
}

function extensions(
  { dnsNames }: Wanted,
  isAuthority: boolean,
  keyInfo: Buffer,
  issuerKeyInfo: Buffer,
): readonly Buffer[] {
  const keyIds = [
    extension(OID.subjectKeyId, octetString(keyId(keyInfo))),
    extension(OID.authorityKeyId, sequence(tagged(0x80, keyId(issuerKeyInfo)))),
  ];
  // keyCertSign is bit 5, digitalSignature bit 0.
  if (isAuthority) {
    const signs = extension(OID.keyUsage, bitString(Buffer.from([0b0000_0100]), 2), true);
    return [extension(OID.basicConstraints, sequence(yes), true), signs, ...keyIds];
  }
  return [
    extension(OID.basicConstraints, sequence(), true),
    extension(OID.keyUsage, bitString(Buffer.from([0b1000_0000]), 7), true),
    extension(OID.extendedKeyUsage, sequence(objectId(OID.serverAuth))),
    extension(OID.subjectAltName, sequence(...dnsNames.map((name) => tagged(0x82, Buffer.from(name))))),
    ...keyIds,
  ];
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  return sequence(objectId(id), ...(isCritical ? [yes] : []), octetString(value));
}

/** Its first method, over all of the key's info: any value that tells keys apart will do. */
function keyId(keyInfo: Buffer): Buffer {
  return createHash('sha1').update(keyInfo).digest();
}
