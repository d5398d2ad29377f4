/**
 * Reads what a step takes in and gives out: `inputs`, `outputs`, `forEach` and `memoize`.
 *
 * Guarantees: what it returns stays within the bounds of the CRD, as readSpec.ts.
 */

import type { FieldReader } from './fieldReader.ts';
import type { ForEach, InputParameter, InputSource, Memoize, OutputParameter, OutputSource, Step } from './flowSpec.ts';
import { limits } from './limits.ts';
import { readInputArtifacts, readOutputArtifacts } from './readArtifacts.ts';

export function readInputs(inputs: FieldReader | null): Pick<Step, 'inputs' | 'inputArtifacts'> {
  const read = inputs?.list('parameters', { min: 0, max: limits.inputs }).map(readInput) ?? [];
  const artifacts = readInputArtifacts(inputs);
  inputs?.end();
  return { inputs: read, inputArtifacts: artifacts };
}

function readInput(fields: FieldReader): InputParameter {
  const name = fields.text('name', limits.reference) ?? '';
  const value = fields.value('value', limits.parameterBytes);
  const from = fields.fields('valueFrom');
  fields.end();
  if (from === null) {
    if (value === null && !fields.has('value')) fields.fault(null, 'needs value or valueFrom');
    return { name, from: { kind: 'value', value: value ?? '' }, fallback: null };
  }
  const source = oneOf<InputSource>(from, {
    jsonPath: () => readStepPath(from),
    output: (fields) => ({
      kind: 'output',
      step: fields.text('step', limits.name) ?? '',
      name: fields.text('name', limits.reference) ?? '',
    }),
    configMapKeyRef: (fields) => ({ kind: 'configMap', ...readKey(fields) }),
    secretKeyRef: (fields) => ({ kind: 'secret', ...readKey(fields) }),
  });
  // The kubelet fills it, and knows no other value.
  if (source?.kind === 'secret' && value !== null)
    fields.fault('value', 'cannot be what a secretKeyRef falls back to: zen-flow reads no Secrets');
  return { name, from: source ?? { kind: 'value', value: '' }, fallback: value };
}

/** `build:$.status.succeeded`: of the Job of a step. */
function readStepPath(from: FieldReader): InputSource {
  const text = from.text('jsonPath', limits.reference) ?? '';
  const at = text.indexOf(':');
  if (at <= 0) from.fault('jsonPath', `must name a step and a path of its Job, as build:$.status.succeeded`);
  return { kind: 'jobStatus', step: text.slice(0, Math.max(0, at)), path: text.slice(at + 1) };
}

export function readOutputs(outputs: FieldReader | null): Pick<Step, 'outputs' | 'outputArtifacts'> {
  const read = outputs?.list('parameters', { min: 0, max: limits.outputs }).map(readOutput) ?? [];
  const artifacts = readOutputArtifacts(outputs);
  outputs?.end();
  return { outputs: read, outputArtifacts: artifacts };
}

function readOutput(fields: FieldReader): OutputParameter {
  const name = fields.text('name', limits.reference) ?? '';
  const from = fields.fields('valueFrom');
  fields.end();
  if (from === null) fields.fault('valueFrom', 'is missing');
  const source =
    from &&
    oneOf<OutputSource>(from, {
      jsonPath: () => ({ kind: 'jobStatus', path: from.text('jsonPath', limits.reference) ?? '' }),
      terminationMessage: (fields) => ({
        kind: 'terminationMessage',
        container: fields.text('container', limits.reference),
        path: fields.text('jsonPath', limits.reference),
      }),
      configMapKeyRef: (fields) => ({ kind: 'configMap', ...readKey(fields) }),
    });
  return { name, from: source ?? { kind: 'terminationMessage', container: null, path: null } };
}

function readKey(fields: FieldReader): { readonly name: string; readonly key: string } {
  const read = {
    name: fields.text('name', limits.reference) ?? '',
    key: fields.text('key', limits.reference) ?? '',
  };
  if (read.name === '') fields.fault('name', 'is missing');
  if (read.key === '') fields.fault('key', 'is missing');
  return read;
}

/** The one source that is given. `jsonPath` is a text, each other one an object. */
function oneOf<Source>(
  from: FieldReader,
  sources: Readonly<Record<string, (fields: FieldReader) => Source>>,
): Source | null {
  const given = Object.keys(sources).filter((key) => from.has(key));
  const [key] = given;
  if (key === undefined || given.length > 1) {
    from.fault(null, `needs one of ${Object.keys(sources).join(', ')}`);
    for (const each of given) from.object(each);
    return null;
  }
  const fields = key === 'jsonPath' ? from : from.fields(key);
  const source = fields === null ? null : (sources[key]?.(fields) ?? null);
  if (fields !== from) fields?.end();
  from.end();
  return source;
}

const PARALLELISM = 64;

export function readForEach(fields: FieldReader | null): ForEach | null {
  if (fields === null) return null;
  const read: ForEach = {
    items: fields.has('items') ? fields.texts('items', limits.items) : null,
    from: fields.text('from', limits.condition),
    parallelism: fields.integer('parallelism', { min: 1, max: limits.items }) ?? PARALLELISM,
    maxFailed: fields.integer('maxFailed', { min: 0, max: limits.items }),
  };
  if ((read.items === null) === (read.from === null)) fields.fault(null, 'needs items or from, and not both');
  fields.end();
  return read;
}

export function readMemoize(fields: FieldReader | null): Memoize | null {
  if (fields === null) return null;
  const seconds = fields.integer('ttlSeconds', { min: 1, max: limits.int32 });
  const read = { key: fields.text('key', limits.condition), ttlMs: seconds === null ? null : seconds * 1_000 };
  fields.end();
  return read;
}
