/**
 * Keeps once what many pods repeat: namespaces, node names, label values, whole label sets and port
 * lists.
 *
 * JSON.parse makes a new string for every value it reads, and the replicas of one workload differ
 * only in name, uid and address.
 * Guarantees: the result equals the input, and nothing depends on whether it was shared. The tables
 * are bounded. A full one is emptied, which costs memory for a while and nothing else.
 */

import type { NamedPort } from '../selection/snapshot.ts';
import type { Fields } from './fields.ts';

/**
 * 20,000 distinct entries a table: namespaces, nodes and workloads of a large cluster (5,000 nodes)
 * fit several times over.
 */
const MAX_ENTRIES = 20_000;
/** Longer texts are hardly ever repeated. Kubernetes caps a label value at 63 characters. */
const MAX_TEXT_LENGTH = 63;

const texts = new Map<string, string>();
const labelSets = new Map<string, Readonly<Record<string, string>>>();
const portLists = new Map<string, readonly NamedPort[]>();

export function shareText(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? text : share(texts, text, text);
}

export function shareLabels(
  labels: Fields,
  takeLabel: (labels: Fields, key: string) => string,
): Readonly<Record<string, string>> {
  let id = '';
  // The length before each text keeps ids apart. No two different sets have one id, whatever the
  // texts hold.
  for (const key in labels) {
    const value = takeLabel(labels, key);
    id += `${key.length}:${key}${value.length}:${value}`;
  }
  const known = labelSets.get(id);
  if (known !== undefined) return known;
  const copy: Record<string, string> = {};
  for (const key in labels) copy[key] = shareText(takeLabel(labels, key));
  return share(labelSets, id, copy);
}

export function sharePorts(ports: readonly NamedPort[]): readonly NamedPort[] {
  let id = '';
  for (const port of ports) id += `${port.name.length}:${port.name}${port.port}/${port.protocol},`;
  return share(portLists, id, ports);
}

function share<Value>(table: Map<string, Value>, id: string, value: Value): Value {
  const known = table.get(id);
  if (known !== undefined) return known;
  if (table.size >= MAX_ENTRIES) table.clear();
  table.set(id, value);
  return value;
}
