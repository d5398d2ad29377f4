/**
 * RFC 3986: is this string a URI, or a URI reference? For CloudEvents' `source` (a reference) and
 * `dataschema` (a URI). `new URL` answers another question: it repairs what it is given and follows
 * WHATWG.
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
  // Without a scheme, a colon in the first segment would read as one; the split then found a scheme
  // that is none.
  if (scheme !== undefined && !SCHEME.test(scheme)) return false;
  if (authority !== undefined && !AUTHORITY.test(authority)) return false;
  return PATH.test(path) && QUERY_OR_FRAGMENT.test(query) && QUERY_OR_FRAGMENT.test(fragment);
}

/** With a scheme; a fragment is allowed. */
export function isUri(text: string): boolean {
  return isUriReference(text) && SCHEME.test(SPLIT.exec(text)?.[1] ?? '');
}
