/** Says what an expression has to give, and how its value becomes that. */

export interface Wanted<Value> {
  readonly what: string;
  readonly accepts: (type: string) => boolean;
  readonly take: (value: unknown) => Value | null;
}

export const aBool: Wanted<boolean> = {
  what: 'true or false',
  accepts: (type) => type === 'bool',
  take: (value) => value === true,
};

export const aText: Wanted<string> = {
  what: 'a text or a number',
  accepts: (type) => ['string', 'int', 'double', 'bool'].includes(type),
  take: toText,
};

export const aList: Wanted<readonly string[]> = {
  what: 'a list, or a text that is a JSON list',
  accepts: (type) => type === 'string' || type.startsWith('list'),
  take(value) {
    const list: unknown = typeof value === 'string' ? parseJson(value) : value;
    const texts = Array.isArray(list) ? list.map(toText) : [null];
    return texts.every((text) => text !== null) ? texts : null;
  },
};

function toText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  try {
    return JSON.stringify(value) ?? null;
  } catch {
    return null;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
