/** Reads `spec.resourceTemplates`: claims and ConfigMaps that zen-flow makes for the flow. */

import { type FieldReader, isObject } from './fieldReader.ts';
import type { NamedTemplate, ResourceTemplates } from './flowSpec.ts';
import { limits } from './limits.ts';

const none: ResourceTemplates = { claims: [], configMaps: [] };

/** It is part of a name, after the name of the flow. */
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,50}[a-z0-9])?$/;

export function readResources(fields: FieldReader | null): ResourceTemplates {
  if (fields === null) return none;
  const read = {
    claims: readTemplates(fields, 'volumeClaimTemplates'),
    configMaps: readTemplates(fields, 'configMapTemplates'),
  };
  fields.end();
  return read;
}

function readTemplates(fields: FieldReader, key: string): readonly NamedTemplate[] {
  const seen = new Set<string>();
  return fields.list(key, { min: 0, max: limits.resourceTemplates }).map((each) => {
    const metadata = each.object('metadata') ?? {};
    const name = typeof metadata['name'] === 'string' ? metadata['name'] : '';
    if (!NAME.test(name)) each.fault('metadata.name', 'must have 1 to 52 of a-z, 0-9 and -');
    else if (seen.has(name)) each.fault('metadata.name', `"${name}" is the name of another one, too`);
    seen.add(name);
    const template = each.whole();
    const { labels, annotations } = metadata;
    return {
      name,
      template: {
        ...template,
        metadata: { ...(isObject(labels) && { labels }), ...(isObject(annotations) && { annotations }) },
      },
    };
  });
}
