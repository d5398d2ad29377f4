/**
 * boundValue: cuts a value that a tenant wrote down to what the rules are willing to read.
 *
 * Kubernetes lets the annotations of one object take 256 KiB. The store would keep such a value for
 * every object, every event would carry it, and every reconcile would parse it. All other tenants
 * would pay.
 *
 * Guarantees: a value that was cut stays longer than `MAX_VALUE_LENGTH`, so that every parser still
 * calls it unreadable. The result does not keep the whole text alive.
 * Source: https://kubernetes.io/docs/reference/labels-annotations-taints/ gives no bound of its
 * own; https://github.com/kubernetes/apimachinery/blob/v0.35.4/pkg/api/validation/objectmeta.go
 * (TotalAnnotationSizeLimitB, 256 KiB).
 */

/**
 * Characters. The longest value that means something is a pod's name, 253; a check's path may be
 * longer.
 */
export const MAX_VALUE_LENGTH = 1_024;

/** Characters of what zen-lead itself writes as a list. */
export const MAX_LIST_LENGTH = 4_096;

const MARK = '…';

export function boundValue(text: string, maxLength = MAX_VALUE_LENGTH): string {
  if (text.length <= maxLength) return text;
  // V8 makes a slice a view that keeps the whole text alive; a clone is a text of its own.
  return `${structuredClone(text.slice(0, maxLength))}${MARK}`;
}

export function isTooLong(text: string): boolean {
  return text.length > MAX_VALUE_LENGTH;
}

/** For a message: the first characters of a value that may be long. */
export function excerpt(text: string, maxLength = 64): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}${MARK}`;
}
