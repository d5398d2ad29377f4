/** Reads one key of a ConfigMap, and the kept result of a memoized step. */

import { isObject } from '../../lib/flow/spec/fieldReader.ts';
import { limits } from '../../lib/flow/spec/limits.ts';
import type { MemoView } from '../../lib/flow/state/facts.ts';
import type { Values } from '../../lib/flow/state/record.ts';
import { utf8Length } from '../../lib/flow/state/utf8Length.ts';
import { takeFields, takeOptionalFields, takeString } from '../../lib/kube/fields.ts';
import { configMaps, type KubeApi } from '../../lib/kube/kubeApi.ts';
import { readIfThere } from '../reconcile/readIfThere.ts';

/** Null where there is no such key, or its value is too long. */
export async function readConfigMapKey(
  api: KubeApi,
  namespace: string,
  { name, key }: { readonly name: string; readonly key: string },
  signal: AbortSignal,
): Promise<string | null> {
  const data = await readIfThere(api, { resource: configMaps, namespace, name }, parseData, signal);
  const value = data !== null && Object.hasOwn(data, key) ? data[key] : undefined;
  return typeof value === 'string' && utf8Length(value) <= limits.parameterBytes ? value : null;
}

/** Null where there is none, or it holds no result. */
export async function readMemo(
  api: KubeApi,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<MemoView | null> {
  return readIfThere(api, { resource: configMaps, namespace, name }, parseMemo, signal);
}

function parseData(input: unknown): Readonly<Record<string, unknown>> {
  return takeOptionalFields(takeFields(input, 'configmap'), 'data', 'configmap') ?? {};
}

function parseMemo(input: unknown): MemoView | null {
  const metadata = takeFields(takeFields(input, 'configmap')['metadata'], 'metadata');
  const { storedAt, outputs } = parseData(input);
  const at = Date.parse(String(storedAt));
  const values = parseValues(String(outputs));
  if (Number.isNaN(at) || values === null) return null;
  return {
    uid: takeString(metadata, 'uid', 'metadata'),
    resourceVersion: takeString(metadata, 'resourceVersion', 'metadata'),
    storedAt: at,
    outputs: values,
  };
}

/**
 * A person with rights on ConfigMaps may have written anything. Beside what the step declares it
 * has what other steps ask of its Job.
 */
function parseValues(text: string): Values | null {
  if (text.length > limits.flowOutputs) return null;
  try {
    const values: unknown = JSON.parse(text);
    if (!isObject(values)) return null;
    const entries = Object.entries(values);
    const areTexts = entries.every((entry): entry is [string, string] => typeof entry[1] === 'string');
    return areTexts ? Object.fromEntries(entries) : null;
  } catch {
    return null;
  }
}
