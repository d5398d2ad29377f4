/**
 * Reads what the Job of an attempt gave: of its status, of the messages that its containers left,
 * of a ConfigMap that it wrote.
 *
 * Guarantees: the pods are listed once, and only where a message is wanted. A value that is missing
 * or too long is absent from the result.
 */

import { parseJsonPath, readJsonPath, toText } from '../../lib/flow/data/jsonPath.ts';
import { configMapName } from '../../lib/flow/data/ownConfigMap.ts';
import { wantedOutputs } from '../../lib/flow/data/wantedOutputs.ts';
import type { Json, OutputSource } from '../../lib/flow/spec/flowSpec.ts';
import { limits } from '../../lib/flow/spec/limits.ts';
import type { Values } from '../../lib/flow/state/record.ts';
import type { FlowView } from '../../lib/flow/state/snapshot.ts';
import { utf8Length } from '../../lib/flow/state/utf8Length.ts';
import {
  takeFields,
  takeList,
  takeOptionalFields,
  takeOptionalNumber,
  takeOptionalString,
  takeOptionalTime,
} from '../../lib/kube/fields.ts';
import { jobs, type KubeApi, pods } from '../../lib/kube/kubeApi.ts';
import { listAll } from '../../lib/kube/listAll.ts';
import { readIfThere } from '../reconcile/readIfThere.ts';
import { readConfigMapKey } from './readConfigMap.ts';

interface Message {
  readonly container: string;
  readonly text: string;
  readonly at: number;
}

export async function readOutputs(
  api: KubeApi,
  flow: FlowView,
  { step: name, job }: { readonly step: string; readonly job: string },
  signal: AbortSignal,
): Promise<Values> {
  const { namespace, spec } = flow;
  const step = [...spec.steps, ...spec.finally].find((each) => each.name === name);
  const wanted = step === undefined ? [] : wantedOutputs(spec, step);
  const has = (kind: OutputSource['kind']) => wanted.some(({ from }) => from.kind === kind);
  const status = has('jobStatus')
    ? await readIfThere(api, { resource: jobs, namespace, name: job }, parseStatus, signal)
    : null;
  const messages = has('terminationMessage') ? await readMessages(api, namespace, job, signal) : [];
  const given: [string, string][] = [];
  for (const output of wanted) {
    const value = await textOf(output.from);
    if (value !== null && utf8Length(value) <= limits.parameterBytes) given.push([output.name, value]);
  }
  return Object.fromEntries(given);

  async function textOf(from: OutputSource): Promise<string | null> {
    switch (from.kind) {
      case 'jobStatus':
        return status === null ? null : atPath(ofStatus(from.path), status);
      case 'terminationMessage': {
        const message = messages.find(({ container }) => from.container === null || container === from.container);
        if (message === undefined || from.path === null) return message?.text.replace(/\r?\n$/, '') ?? null;
        return atPath(from.path, parseJson(message.text));
      }
      case 'configMap':
        return readConfigMapKey(api, namespace, { ...from, name: configMapName(flow.name, spec, from.name) }, signal);
    }
  }
}

/** `$.status.succeeded` of the Job is `$.succeeded` of its status. */
function ofStatus(path: string): string {
  const inner = path
    .trim()
    .replace(/^\{|\}$/g, '')
    .trim();
  return inner.replace(/^(\$?)\.status(?=[.[]|$)/, '$1') || '$';
}

function atPath(path: string, value: Json | undefined): string | null {
  const parsed = parseJsonPath(path);
  const found = parsed === null || value === undefined ? undefined : readJsonPath(parsed, value);
  return found === undefined ? null : toText(found);
}

function parseStatus(input: unknown): Json {
  return (takeOptionalFields(takeFields(input, 'job'), 'status', 'job') ?? {}) as Json;
}

/** Those of containers that succeeded, the latest first. */
async function readMessages(
  api: KubeApi,
  namespace: string,
  job: string,
  signal: AbortSignal,
): Promise<readonly Message[]> {
  let found: Message[] = [];
  const collection = { resource: pods, namespace, labelSelector: `batch.kubernetes.io/job-name=${job}` };
  const begin = () => {
    found = [];
    return (pod: unknown): void => void found.push(...messagesOf(pod));
  };
  await listAll(api, collection, { begin }, signal);
  return found.sort((a, b) => b.at - a.at);
}

function messagesOf(input: unknown): readonly Message[] {
  const pod = takeFields(input, 'pod');
  const status = takeOptionalFields(pod, 'status', 'pod') ?? {};
  if (status['phase'] !== 'Succeeded') return [];
  // The kubelet orders them by name, and the first container of the template counts.
  const order = takeList(takeOptionalFields(pod, 'spec', 'pod') ?? {}, 'containers', 'spec').map(
    (each) => takeFields(each, 'spec.containers[]')['name'],
  );
  const found = takeList(status, 'containerStatuses', 'status').flatMap((each): readonly Message[] => {
    const path = 'status.containerStatuses[]';
    const container = takeFields(each, path);
    const state = takeOptionalFields(container, 'state', path) ?? {};
    const terminated = takeOptionalFields(state, 'terminated', `${path}.state`);
    if (terminated === undefined || takeOptionalNumber(terminated, 'exitCode', path) !== 0) return [];
    const text = takeOptionalString(terminated, 'message', path);
    const at = takeOptionalTime(terminated, 'finishedAt', path) ?? 0;
    return text === undefined ? [] : [{ container: String(container['name']), text, at }];
  });
  const latest = Math.max(0, ...found.map(({ at }) => at));
  return found
    .map((message) => ({ ...message, at: latest }))
    .sort((a, b) => order.indexOf(a.container) - order.indexOf(b.container));
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
