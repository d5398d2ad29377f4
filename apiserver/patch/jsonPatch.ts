/**
 * Applies a JSON patch: a list of operations, all or nothing. Source: RFC 6902, pointers RFC 6901.
 */

import { isFields, isSame, textAt, valueAt } from '../json.ts';

type JsonPatchResult =
  | { readonly kind: 'patched'; readonly value: unknown }
  /**
   * A test failed, a path is missing, or an operation is unknown. The real server does not name
   * which.
   */
  | { readonly kind: 'rejected' };

export function jsonPatch(target: unknown, operations: readonly unknown[]): JsonPatchResult {
  let value: unknown = structuredClone(target);
  for (const operation of operations) {
    const next = applyOperation(value, operation);
    if (next === failed) return { kind: 'rejected' };
    value = next;
  }
  return { kind: 'patched', value };
}

const failed = Symbol('failed');

function applyOperation(root: unknown, operation: unknown): unknown {
  const path = parsePointer(textAt(operation, 'path'));
  const from = parsePointer(textAt(operation, 'from'));
  if (path === undefined) return failed;
  const value = structuredClone(valueAt(operation, 'value'));
  switch (textAt(operation, 'op')) {
    case 'add':
      return change(root, path, 'add', value);
    case 'replace':
      return change(root, path, 'replace', value);
    case 'remove':
      return change(root, path, 'remove', undefined);
    case 'test':
      return isSame(read(root, path), value ?? null) ? root : failed;
    case 'copy':
    case 'move': {
      const moved = from === undefined ? failed : read(root, from);
      if (moved === failed || from === undefined) return failed;
      const rest = textAt(operation, 'op') === 'move' ? change(root, from, 'remove', undefined) : root;
      return rest === failed ? failed : change(rest, path, 'add', structuredClone(moved));
    }
    default:
      return failed;
  }
}

function parsePointer(pointer: string | undefined): readonly string[] | undefined {
  if (pointer === undefined || (pointer !== '' && !pointer.startsWith('/'))) return undefined;
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(root: unknown, path: readonly string[]): unknown {
  let at = root;
  for (const step of path) {
    if (Array.isArray(at)) at = indexOf(at, step) === undefined ? failed : at[Number(step)];
    else at = isFields(at) && Object.hasOwn(at, step) ? at[step] : failed;
    if (at === failed) return failed;
  }
  return at;
}

/** Returns a copy of `root` with the value at `path` changed. */
function change(root: unknown, path: readonly string[], how: 'add' | 'replace' | 'remove', value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return how === 'remove' ? null : value;
  if (Array.isArray(root)) return changeList(root, step, rest, how, value);
  if (!isFields(root)) return failed;
  const entries = new Map(Object.entries(root));
  if (rest.length > 0) {
    const child = entries.has(step) ? change(entries.get(step), rest, how, value) : failed;
    if (child === failed) return failed;
    entries.set(step, child);
  } else if (how === 'add') {
    entries.set(step, value);
  } else {
    if (!entries.has(step)) return failed;
    if (how === 'remove') entries.delete(step);
    else entries.set(step, value);
  }
  return Object.fromEntries(entries);
}

function changeList(
  list: readonly unknown[],
  step: string,
  rest: readonly string[],
  how: 'add' | 'replace' | 'remove',
  value: unknown,
): unknown {
  if (step === '-' && rest.length === 0 && how === 'add') return [...list, value];
  const isEnd = rest.length === 0 && how === 'add' && step === String(list.length);
  const index = isEnd ? list.length : indexOf(list, step);
  if (index === undefined) return failed;
  if (rest.length > 0) {
    const child = change(list[index], rest, how, value);
    return child === failed ? failed : list.with(index, child);
  }
  if (how === 'add') return list.toSpliced(index, 0, value);
  return how === 'remove' ? list.toSpliced(index, 1) : list.with(index, value);
}

function indexOf(list: readonly unknown[], step: string): number | undefined {
  const index = /^(0|[1-9]\d*)$/.test(step) ? Number(step) : -1;
  return index >= 0 && index < list.length ? index : undefined;
}
