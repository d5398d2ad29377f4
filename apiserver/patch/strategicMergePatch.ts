/**
 * Applies a strategic merge patch: a merge patch that merges lists with a merge key by element.
 *
 * `kubectl edit`, `label` and `patch` send it, and `apply` from the second time on.
 *
 * Source:
 * https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */

import { type Fields, isFields, isSame, textAt, textsAt } from '../json.ts';
import type { Schema } from '../schema/schema.ts';
import { internal } from '../statusError.ts';
import { orderElements } from './orderElements.ts';

const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';

/** Throws a 500 in the API server's words when the patch contradicts itself. */
export function strategicMergePatch(schema: Schema | undefined, target: Fields, patch: Fields): Fields {
  const directive = textAt(patch, '$patch');
  if (directive === 'replace') return plain(patch);
  if (directive === 'delete') return {};
  const merged = new Map(Object.entries(target));
  const retained = patch['$retainKeys'];
  if (Array.isArray(retained)) {
    for (const key of merged.keys()) if (!retained.includes(key)) merged.delete(key);
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(deletePrefix)) {
      const field = key.slice(deletePrefix.length);
      const gone = textsAt(patch, key);
      const list = merged.get(field);
      if (Array.isArray(list))
        merged.set(
          field,
          list.filter((each) => !gone.includes(String(each))),
        );
    }
    if (key.startsWith('$')) continue;
    if (value === null) merged.delete(key);
    else merged.set(key, mergeValue(propertyOf(schema, key), merged.get(key), value, orderOf(patch, key)));
  }
  // An order without elements still reorders the list.
  for (const key of Object.keys(patch)) {
    const field = key.startsWith(orderPrefix) ? key.slice(orderPrefix.length) : undefined;
    if (field === undefined || Object.hasOwn(patch, field) || !merged.has(field)) continue;
    merged.set(field, mergeValue(propertyOf(schema, field), merged.get(field), [], orderOf(patch, field)));
  }
  return Object.fromEntries(merged);
}

function propertyOf(schema: Schema | undefined, key: string): Schema | undefined {
  return schema?.property?.(key) ?? schema?.values ?? undefined;
}

function orderOf(patch: Fields, key: string): readonly unknown[] | undefined {
  const order = patch[`${orderPrefix}${key}`];
  return Array.isArray(order) ? order : undefined;
}

function mergeValue(
  schema: Schema | undefined,
  target: unknown,
  patch: unknown,
  order: readonly unknown[] | undefined,
): unknown {
  if (Array.isArray(patch)) {
    const mergeKey = schema?.mergeKey ?? null;
    if (mergeKey === null || !Array.isArray(target)) return mergeKey ? patch.filter(isElement).map(plainValue) : patch;
    return mergeKey === ''
      ? orderElements([...new Set([...target, ...patch])], target, order ?? patch, isSame)
      : mergeList(schema?.items ?? undefined, mergeKey, target, patch, order);
  }
  if (!isFields(patch)) return patch;
  return isFields(target) ? strategicMergePatch(schema, target, patch) : plain(patch);
}

function mergeList(
  schema: Schema | undefined,
  mergeKey: string,
  target: readonly unknown[],
  patch: readonly unknown[],
  order: readonly unknown[] | undefined,
): readonly unknown[] {
  if (patch.some((each) => textAt(each, '$patch') === 'replace')) return patch.filter(isElement).map(plainValue);
  if (patch.some((each) => textAt(each, '$patch') === 'merge')) {
    throw internal('merging lists cannot yet be specified in the patch');
  }
  const elements = patch.filter(isFields);
  for (const element of elements) {
    if (element[mergeKey] === undefined) {
      throw internal(`map: ${goMap(element)} does not contain declared merge key: ${mergeKey}`);
    }
  }
  // Deletions come first, wherever they stand: an element that is deleted and named again is made
  // new.
  const deleted = elements.filter((each) => !isElement(each));
  let merged = target.filter(
    (each) => !deleted.some((gone) => isFields(each) && isSame(each[mergeKey], gone[mergeKey])),
  );
  for (const element of elements.filter(isElement)) {
    const index = merged.findIndex((each) => isFields(each) && isSame(each[mergeKey], element[mergeKey]));
    const known = merged[index];
    merged = isFields(known)
      ? merged.with(index, strategicMergePatch(schema, known, element))
      : [...merged, plain(element)];
  }
  const isSameElement = (a: unknown, b: unknown) => isFields(a) && isFields(b) && isSame(a[mergeKey], b[mergeKey]);
  return orderElements(merged, target, order ?? patch.filter(isElement), isSameElement);
}

function isElement(value: unknown): boolean {
  return !isFields(value) || !Object.hasOwn(value, '$patch');
}

function plainValue(value: unknown): unknown {
  return isFields(value) ? plain(value) : Array.isArray(value) ? value.filter(isElement).map(plainValue) : value;
}

/** Returns what a patch adds, without directives and nulls. */
function plain(patch: Fields): Fields {
  return Object.fromEntries(
    Object.entries(patch)
      .filter(([key, value]) => !key.startsWith('$') && value !== null)
      .map(([key, value]) => [key, plainValue(value)]),
  );
}

/** Prints a map as Go does: `map[name:zz]`. */
export function goMap(value: Fields): string {
  const pairs = Object.keys(value)
    .sort()
    .map((key) => `${key}:${isFields(value[key]) ? goMap(value[key]) : String(value[key])}`);
  return `map[${pairs.join(' ')}]`;
}
