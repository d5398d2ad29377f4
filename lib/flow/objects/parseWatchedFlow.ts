/**
 * Parses a JobFlow, and keeps of the object what a function on another machine needs to parse it
 * again.
 */

import { takeFields } from '../../kube/fields.ts';
import { cutDepth } from '../spec/depth.ts';
import { isObject } from '../spec/fieldReader.ts';
import type { Json, JsonObject } from '../spec/flowSpec.ts';
import type { FlowView } from '../state/snapshot.ts';
import { parseJobFlow } from './parseJobFlow.ts';

/**
 * `known`: the view of the same name that is known. Each write of the status shows the flow again,
 * and its spec is read and hashed only where it differs.
 */
export function parseWatchedFlow(input: unknown, known?: (of: Named) => FlowView | undefined): FlowView {
  const object = withBoundedSpec(takeFields(input, 'jobflow') as JsonObject);
  const before = known?.(nameOf(object));
  const { spec } = before?.source ?? {};
  const isKnown = before !== undefined && spec !== undefined && isSame(spec, object['spec']);
  const flow = parseJobFlow(object, isKnown ? before : undefined);
  return { ...flow, source: sourceOf(flow, isKnown ? { ...object, spec } : object) };
}

/** What is kept is compared, and sent on. It is refused there as here. */
function withBoundedSpec(object: JsonObject): JsonObject {
  const { spec } = object;
  const bounded = cutDepth(spec);
  return bounded === spec || bounded === undefined ? object : { ...object, spec: bounded };
}

function isSame(spec: Json, seen: Json | undefined): boolean {
  return spec === seen || JSON.stringify(spec) === JSON.stringify(seen);
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

function nameOf({ metadata }: JsonObject): Named {
  const { namespace, name } = isObject(metadata) ? metadata : {};
  return { namespace: String(namespace), name: String(name) };
}

const metadataFields = [
  'namespace',
  'name',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
] as const;

function sourceOf({ annotations }: FlowView, { metadata, spec, status }: JsonObject): JsonObject {
  const fields = isObject(metadata) ? metadata : {};
  const kept: Record<string, Json> = { annotations };
  for (const field of metadataFields) if (fields[field] !== undefined) kept[field] = fields[field];
  return {
    metadata: kept,
    ...(spec !== undefined && { spec }),
    ...(isObject(status) && { status: { ...status, steps: stepsToTell(status['steps']) } }),
  };
}

/**
 * Rows of steps by which the view is due at once or later (isStatusUrgent). The others are read
 * only where a record is lost, and then from the API server.
 */
function stepsToTell(steps: Json | undefined): readonly Json[] {
  if (!Array.isArray(steps)) return [];
  return steps.filter((step: Json) => isObject(step) && ['Failed', 'PendingApproval'].includes(String(step['phase'])));
}
