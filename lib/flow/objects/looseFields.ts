/**
 * Takes fields out of what a person may have written by hand, as a status is.
 *
 * Guarantees: never fails. What has another type counts as absent.
 */

export type Loose = Readonly<Record<string, unknown>>;

export function toLoose(value: unknown): Loose {
  return isLoose(value) ? value : {};
}

function isLoose(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function list(value: unknown): readonly Loose[] {
  return Array.isArray(value) ? value.map(toLoose) : [];
}

export function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

export function whole(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
}

export function instant(value: unknown): number | null {
  const at = Date.parse(text(value) ?? '');
  return Number.isNaN(at) ? null : at;
}
