/**
 * Names the forms that the text of a setting may need. A text that no cluster can hold is refused
 * at the start, because a watch for it would wait in vain.
 *
 * Does not guarantee that the object exists.
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#names ;
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/ (user names) ;
 * RFC 7468 section 5 (certificates).
 */

import { X509Certificate } from 'node:crypto';

interface TextForm {
  /** Ends the sentence "is not a". */
  readonly noun: string;
  fits(text: string): boolean;
}

const LABEL = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const SUBDOMAIN_PART = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `(?=.{1,253}$)${SUBDOMAIN_PART}(?:\\.${SUBDOMAIN_PART})*`;
const PORT = '(?:\\d{1,4}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])';
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

export const textForms = {
  namespace: matching(LABEL, 'name of a namespace: up to 63 of a-z, 0-9 and -, a letter or digit at both ends'),
  objectName: matching(
    SUBDOMAIN,
    'name of an object: up to 253 of a-z, 0-9, - and ., a letter or digit around each dot',
  ),
  serviceAccount: matching(
    `system:serviceaccount:${LABEL}:${SUBDOMAIN}`,
    'user name of a service account: system:serviceaccount:NAMESPACE:NAME',
  ),
  port: matching(PORT, 'TCP port: a whole number from 0 to 65535'),
  // 0 has the operating system choose where to listen. No program answers there.
  otherPort: matching(`(?!0+$)${PORT}`, 'TCP port of a node: a whole number from 1 to 65535'),
  conditions: matching(
    '[A-Za-z][-A-Za-z0-9._/]{0,127}(?:,[A-Za-z][-A-Za-z0-9._/]{0,127}){0,15}',
    'list of node conditions: up to 16 types of letters, digits, -, ., _ and /, with commas between',
  ),
  certificates: { noun: 'PEM text with certificates that can be read', fits: holdsCertificates },
} as const satisfies Readonly<Record<string, TextForm>>;

export type TextFormName = keyof typeof textForms;

function matching(pattern: string, noun: string): TextForm {
  const whole = new RegExp(`^${pattern}$`);
  return { noun, fits: (text) => whole.test(text) };
}

/**
 * Bundles have text between certificates, too. Each is read, because OpenSSL would go without one
 * that it cannot read and those after it.
 */
function holdsCertificates(text: string): boolean {
  const found = text.match(CERTIFICATE) ?? [];
  const begun = text.split('-----BEGIN CERTIFICATE-----').length - 1;
  return found.length > 0 && found.length === begun && found.every(isCertificate);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
