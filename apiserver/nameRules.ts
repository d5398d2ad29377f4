/**
 * Checks the shapes of names in metadata, ports and endpoints.
 *
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#names
 */

import { isIP } from 'node:net';

/** Returns the problem with a name in the API server's words, or undefined. */
export type NameRule = (name: string) => string | undefined;

const dns1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const dns1123 = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${dns1123}(\\.${dns1123})*`;
const labelName = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelValue = '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?';

export const isDns1035Label = rule(
  dns1035,
  63,
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123'",
);

export const isDns1123Label = rule(
  dns1123,
  63,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc'",
);

export const isDns1123Subdomain = rule(
  subdomain,
  253,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com'",
);

export const isLabelValue = rule(
  labelValue,
  63,
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345'",
);

const isNamePart = rule(
  labelName,
  63,
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc'",
  'name part ',
);

/** Checks a key of a label or annotation, `name` or `prefix/name`. An empty name is wrong twice. */
export function qualifiedNameProblems(key: string): readonly string[] {
  const parts = key.split('/');
  if (parts.length > 2) {
    return [
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', with an optional DNS subdomain prefix and '/'",
    ];
  }
  const [prefix, name] = parts.length === 2 ? [parts[0] ?? '', parts[1] ?? ''] : [undefined, key];
  const prefixProblem =
    prefix === undefined ? undefined : prefix === '' ? 'must be non-empty' : isDns1123Subdomain(prefix);
  const nameProblem = isNamePart(name);
  return [
    ...(prefixProblem === undefined ? [] : [`prefix part ${prefixProblem}`]),
    ...(name === '' ? ['name part must be non-empty'] : []),
    ...(nameProblem === undefined ? [] : [nameProblem]),
  ];
}

/**
 * Returns the family of an address as Kubernetes 1.35 reads it. IPv4 may have leading zeros; an
 * IPv4-mapped IPv6 address is IPv4.
 */
export function familyOf(address: string): 'IPv4' | 'IPv6' | undefined {
  const plain = /^[0-9.]+$/.test(address) ? address.replace(/(^|\.)0+(?=\d)/g, '$1') : address;
  const version = address.includes('%') ? 0 : isIP(plain);
  if (version === 4) return 'IPv4';
  if (version !== 6) return undefined;
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(plain) ? 'IPv4' : 'IPv6';
}

function rule(pattern: string, maxLength: number, text: string, prefix = ''): NameRule {
  const whole = new RegExp(`^(?:${pattern})$`);
  return (name) => {
    if (name.length > maxLength) return `${prefix}must be no more than ${maxLength} characters`;
    return whole.test(name) ? undefined : `${text}, regex used for validation is '${pattern}')`;
  };
}
