/**
 * Tests whether a string is a URI or a URI reference (RFC 3986). CloudEvents' `source` is a
 * reference, and `dataschema` is a URI. `new URL` answers another question, because it follows
 * WHATWG and repairs its input.
 *
 * Source: RFC 3986 appendix A (grammar) and appendix B (how a reference splits).
 */

const SPLIT = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
const AUTHORITY =
  /^(?:(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?(?:\[[0-9A-Fa-fvV:.A-Za-z!$&'()*+,;=_~-]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::\d*)?$/;
const PATH = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*$/;
const QUERY_OR_FRAGMENT = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*$/;

export function isUriReference(text: string): boolean {
  const match = SPLIT.exec(text);
  if (!match) return false;
  const [, scheme, authority, path = '', query = '', fragment = ''] = match;
  // A colon in the first segment ends a scheme, so a reference with a colon there and no valid
  // scheme breaks the grammar.
  if (scheme !== undefined && !SCHEME.test(scheme)) return false;
  if (authority !== undefined && !AUTHORITY.test(authority)) return false;
  return PATH.test(path) && QUERY_OR_FRAGMENT.test(query) && QUERY_OR_FRAGMENT.test(fragment);
}

/** With a scheme; a fragment is allowed. */
export function isUri(text: string): boolean {
  return isUriReference(text) && SCHEME.test(SPLIT.exec(text)?.[1] ?? '');
}
