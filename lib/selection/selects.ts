/**
 * Says whether a Service's selector matches a pod's labels: all pairs, equality only.
 * Source:
 * https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors (no
 * selector selects nothing).
 */
export function selects(
  selector: Readonly<Record<string, string>> | null,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (selector === null) return false;
  const pairs = Object.entries(selector);
  return pairs.length > 0 && pairs.every(([key, value]) => labels[key] === value);
}
