/**
 * Checks a JobFlow as a whole object, as a file or a request holds it: what `zen-flow lint` and the
 * webhook say.
 *
 * Guarantees: pure; never throws, whatever the object is.
 */

import { API_VERSION } from '../state/names.ts';
import { utf8Length } from '../state/utf8Length.ts';
import { cutDepth } from './depth.ts';
import { isObject } from './fieldReader.ts';
import type { FlowSpec, JsonObject, Problem } from './flowSpec.ts';
import { limits } from './limits.ts';
import { readSpec } from './readSpec.ts';
import { validate } from './validate.ts';

export interface FlowObjectRead {
  readonly spec: FlowSpec;
  readonly problems: readonly Problem[];
}

/** https://github.com/kubernetes/apimachinery/blob/v0.35.0/pkg/api/validation/objectmeta.go#L36 */
const MAX_ANNOTATION_BYTES = 256 * 1_024;

export function checkFlowObject(object: JsonObject): FlowObjectRead {
  const { spec, problems } = readSpec(object['spec']);
  const found = [...checkObject(object), ...problems];
  const isReadable = !problems.some(({ severity }) => severity === 'error');
  return { spec, problems: isReadable ? [...found, ...validate(spec)] : found };
}

function checkObject(object: JsonObject): readonly Problem[] {
  const found: Problem[] = [];
  const report = (severity: Problem['severity'], path: string, message: string) =>
    found.push({ severity, path, message });
  const { name, generateName } = isObject(object['metadata']) ? object['metadata'] : {};
  if (object['apiVersion'] !== API_VERSION) report('error', 'apiVersion', `must be ${API_VERSION}`);
  if (typeof name !== 'string' && typeof generateName !== 'string') report('error', 'metadata.name', 'is missing');
  if (typeof name === 'string' && name.length > limits.flowName) {
    const why = `${limits.flowName} are allowed, because it is a label`;
    report('error', 'metadata.name', `has ${name.length} characters; ${why}`);
  }
  const bytes = utf8Length(JSON.stringify(cutDepth(object['spec'] ?? {})));
  if (bytes > limits.specBytes) {
    report('error', 'spec', `has ${bytes} bytes; ${limits.specBytes} are allowed. Share Jobs in spec.templates`);
  } else if (bytes > MAX_ANNOTATION_BYTES) {
    report('warning', 'spec', 'is too large for kubectl apply, which copies it into an annotation; use --server-side');
  }
  return found;
}
