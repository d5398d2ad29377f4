/**
 * Renders the Job template of a step: parameters in its texts and as variables, names of what the
 * flow owns, artifacts, items.
 *
 * Guarantees: pure. A value stays within its text. Null where the values make the Job too large.
 */

import { isObject } from '../spec/fieldReader.ts';
import type { FlowSpec, Json, JsonObject, Step } from '../spec/flowSpec.ts';
import { resourceName } from '../state/names.ts';
import type { Values } from '../state/record.ts';
import { type ArtifactMounts, artifactMounts } from './artifacts.ts';
import { variablesOf } from './parameters.ts';
import { fillReferences } from './references.ts';

export function templateOf(spec: FlowSpec, step: Step): JsonObject | null {
  return step.template ?? spec.templates.find(({ name }) => name === step.templateRef)?.template ?? null;
}

/** `flow`: its name. `items`: the ConfigMap that holds them; null without any. */
export function renderTemplate(
  flow: string,
  spec: FlowSpec,
  step: Step,
  values: Values,
  items: string | null,
): JsonObject | null {
  const filled = fillReferences(templateOf(spec, step) ?? {}, values);
  if (filled === null) return null;
  const variables = variablesOf(values, step);
  const owned = new Map<string, string>([
    ...spec.resources.claims.map(({ name }) => [`claim/${name}`, resourceName(flow, name)] as const),
    ...spec.resources.configMaps.map(({ name }) => [`configMap/${name}`, resourceName(flow, name)] as const),
  ]);
  if (variables.length === 0 && owned.size === 0 && items === null) return filled;
  const added = withItems(artifactMounts(flow, spec, step), items);
  return atPath(filled, ['spec', 'template', 'spec'], (pod) => renderPod(pod, variables, owned, added));
}

type Owned = ReadonlyMap<string, string>;

const ITEMS = 'zen-flow-items';
const ITEM_PATH = '/zen-flow/item';

function withItems({ volumes, mounts }: ArtifactMounts, items: string | null): ArtifactMounts {
  if (items === null) return { volumes, mounts };
  const item = { name: ITEMS, mountPath: ITEM_PATH, subPathExpr: '$(JOB_COMPLETION_INDEX)' };
  return { volumes: [{ name: ITEMS, configMap: { name: items } }, ...volumes], mounts: [item, ...mounts] };
}

function renderPod(pod: JsonObject, variables: readonly Json[], owned: Owned, added: ArtifactMounts): JsonObject {
  const renderContainer = (container: JsonObject): JsonObject => ({
    ...container,
    ...withElements(container, 'env', variables, (entry) =>
      ownConfigMap(entry, ['valueFrom', 'configMapKeyRef'], owned),
    ),
    ...withElements(container, 'envFrom', [], (source) => ownConfigMap(source, ['configMapRef'], owned)),
    ...withElements(container, 'volumeMounts', added.mounts, (mount) => mount),
  });
  return {
    ...pod,
    ...withElements(pod, 'initContainers', [], renderContainer),
    ...withElements(pod, 'containers', [], renderContainer),
    ...withElements(pod, 'volumes', added.volumes, (volume) => renderVolume(volume, owned)),
  };
}

function renderVolume(volume: JsonObject, owned: Owned): JsonObject {
  const claimed = atPath(volume, ['persistentVolumeClaim'], (claim) => named(claim, 'claimName', 'claim', owned));
  const projected = atPath(claimed, ['projected'], (all) => ({
    ...all,
    ...withElements(all, 'sources', [], (source) => ownConfigMap(source, ['configMap'], owned)),
  }));
  return ownConfigMap(projected, ['configMap'], owned);
}

function ownConfigMap(object: JsonObject, path: readonly string[], owned: Owned): JsonObject {
  return atPath(object, path, (reference) => named(reference, 'name', 'configMap', owned));
}

function named(object: JsonObject, key: string, kind: 'claim' | 'configMap', owned: Owned): JsonObject {
  const name = owned.get(`${kind}/${String(object[key])}`);
  return name === undefined ? object : { ...object, [key]: name };
}

/**
 * The list with each element changed, and `more` at its end. Variables come first: those of the
 * user may name them, as `$(PARAM_REGION)`, and a kubelet expands only what stands before. What the
 * user wrote under a name of `more` stays. An absent list stays absent where nothing is added.
 */
function withElements(
  object: JsonObject,
  key: string,
  more: readonly Json[],
  change: (element: JsonObject) => JsonObject,
): JsonObject {
  const list = object[key];
  if (list !== undefined && !Array.isArray(list)) return {};
  const own = (Array.isArray(list) ? list : []).map((each: Json) => (isObject(each) ? change(each) : each));
  const taken = new Set(own.map((each: Json) => (isObject(each) ? each['name'] : undefined)));
  const added = more.filter((each) => key === 'volumeMounts' || !isObject(each) || !taken.has(each['name'] ?? null));
  const all = key === 'env' ? [...added, ...own] : [...own, ...added];
  return all.length === 0 ? {} : { [key]: all };
}

/** Changes the object at a path, where there is one. */
function atPath(
  object: JsonObject,
  [key, ...rest]: readonly string[],
  change: (at: JsonObject) => JsonObject,
): JsonObject {
  if (key === undefined) return change(object);
  const inner = object[key];
  return isObject(inner) ? { ...object, [key]: atPath(inner, rest, change) } : object;
}

/** Whether the rendered Job names something that the flow owns. */
export function usedResources(job: JsonObject, flow: string, { resources }: FlowSpec): readonly string[] {
  const all = [...resources.claims, ...resources.configMaps].map(({ name }) => resourceName(flow, name));
  if (all.length === 0) return [];
  const text = JSON.stringify(job);
  return all.filter((name) => text.includes(JSON.stringify(name)));
}
