/**
 * Makes what a Job mounts: the claims and ConfigMaps of `spec.resourceTemplates` that it names, and
 * the ConfigMap of its items.
 *
 * Guarantees: each name is a function of the flow, so that what is there already is found by it.
 * The flow controls each, and the garbage collector takes it along.
 */

import { itemsOf } from '../data/items.ts';
import { fillReferences } from '../data/references.ts';
import { usedResources } from '../data/renderTemplate.ts';
import type { Start } from '../engine/startReady.ts';
import { isObject } from '../spec/fieldReader.ts';
import type { JsonObject, NamedTemplate, Step } from '../spec/flowSpec.ts';
import { itemsName, jobName, label, MANAGER, resourceName } from '../state/names.ts';
import type { FlowRecord } from '../state/record.ts';
import type { FlowView } from '../state/snapshot.ts';
import { ownerOf } from './jobOf.ts';

export interface Owned {
  /** Of two that are the same one is written. */
  readonly key: string;
  readonly resource: 'configmaps' | 'persistentvolumeclaims';
  readonly object: JsonObject;
}

export function ownedObjects(
  flow: FlowView,
  record: FlowRecord,
  step: Step,
  start: Start,
  job: JsonObject,
): readonly Owned[] {
  const { spec } = flow;
  const used = new Set(usedResources(job, flow.name, spec));
  const { claims, configMaps } = spec.resources;
  const writesOf = (templates: readonly NamedTemplate[], resource: 'configmaps' | 'persistentvolumeclaims') =>
    templates
      .filter(({ name }) => used.has(resourceName(flow.name, name)))
      .map((template): Owned => {
        const object = resourceOf(flow, template, resource);
        return { key: `${resource}/${template.name}`, resource, object };
      });
  const items = itemsOf(flow, spec, record, step) ?? null;
  const mounted = [...writesOf(claims, 'persistentvolumeclaims'), ...writesOf(configMaps, 'configmaps')];
  if (items === null) return mounted;
  const object = itemsObject(flow, start, items);
  return [...mounted, { key: `items/${start.step}`, resource: 'configmaps', object }];
}

function resourceOf(
  flow: FlowView,
  { name, template }: NamedTemplate,
  resource: 'configmaps' | 'persistentvolumeclaims',
): JsonObject {
  const filled = fillReferences(template, flow.spec.parameters) ?? template;
  const metadata = isObject(filled['metadata']) ? filled['metadata'] : {};
  const labels = isObject(metadata['labels']) ? metadata['labels'] : {};
  return {
    ...filled,
    apiVersion: 'v1',
    kind: resource === 'configmaps' ? 'ConfigMap' : 'PersistentVolumeClaim',
    metadata: { ...metadata, ...identityOf(flow, resourceName(flow.name, name), labels) },
  };
}

/** Nothing changes it: the item of an index stays the same for each of its attempts. */
function itemsObject(flow: FlowView, { step, attempt }: Start, items: readonly string[]): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    immutable: true,
    metadata: identityOf(flow, itemsName(jobName(flow, step, attempt)), { [label.step]: step }),
    data: Object.fromEntries(items.map((item, index) => [String(index), item])),
  };
}

function identityOf(flow: FlowView, name: string, labels: JsonObject): JsonObject {
  return {
    name,
    namespace: flow.namespace,
    labels: { ...labels, [label.flow]: flow.name, [label.managedBy]: MANAGER, [label.flowUid]: flow.uid },
    ownerReferences: [ownerOf(flow)],
  };
}
