/**
 * Parses media types, such as `Content-Type` and `datacontenttype`.
 *
 * Guarantees: type, subtype and parameter names come back in lower case. Null for a text that is
 * not a media type.
 * Source: RFC 9110 section 8.3.1 (grammar, quoted parameter values); CloudEvents JSON format 3.1.1
 * (what counts as JSON).
 */

export interface MediaType {
  /** `type/subtype` */
  readonly essence: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const ESSENCE = new RegExp(`^(${TOKEN}/${TOKEN})[ \\t]*`);
const PARAMETER = new RegExp(`^;[ \\t]*(?:(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)"))?[ \\t]*`);

export function parseMediaType(text: string): MediaType | null {
  const essence = ESSENCE.exec(text);
  if (!essence?.[1]) return null;
  const parameters = new Map<string, string>();
  for (let rest = text.slice(essence[0].length); rest !== ''; ) {
    const parameter = PARAMETER.exec(rest);
    if (!parameter) return null;
    const [whole, name, token, quoted] = parameter;
    if (name !== undefined) parameters.set(name.toLowerCase(), token ?? (quoted ?? '').replace(/\\(.)/g, '$1'));
    rest = rest.slice(whole.length);
  }
  return { essence: essence[1].toLowerCase(), parameters };
}

export function isJsonType({ essence }: MediaType): boolean {
  return /\/(?:.+\+)?json$/.test(essence);
}

/** JSON is UTF-8 (RFC 8259, 8.1); US-ASCII is a part of it. */
export function isUtf8({ parameters }: MediaType): boolean {
  const charset = parameters.get('charset')?.toLowerCase();
  return charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii';
}
