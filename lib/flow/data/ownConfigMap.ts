/**
 * Says which ConfigMap an input or an output means, whose name may be that of a template of the
 * flow, as in a Job.
 */

import { isObject } from '../spec/fieldReader.ts';
import type { FlowSpec } from '../spec/flowSpec.ts';
import { resourceName } from '../state/names.ts';
import { fillReferences } from './references.ts';

/** `flow`: its name. */
export function configMapName(flow: string, { resources }: FlowSpec, name: string): string {
  return resources.configMaps.some((each) => each.name === name) ? resourceName(flow, name) : name;
}

/** What the flow makes it with, as long as no step has needed it. Null where there is no such. */
export function templateValue(spec: FlowSpec, name: string, key: string): string | null {
  const template = spec.resources.configMaps.find((each) => each.name === name)?.template;
  const data = template === undefined ? undefined : (fillReferences(template, spec.parameters) ?? template)['data'];
  const value = isObject(data) && Object.hasOwn(data, key) ? data[key] : undefined;
  return typeof value === 'string' ? value : null;
}
