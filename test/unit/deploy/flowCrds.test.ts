import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderCrds } from '../../../deploy/flow/renderCrds.ts';
import { specSchema } from '../../../deploy/flow/schema/specSchema.ts';
import { readSpec } from '../../../lib/flow/spec/readSpec.ts';
import { aManualStep, aStep, aTemplate } from '../../support/objects/aFlow.ts';

const folder = resolve(import.meta.dirname, '../../../deploy/flow/crds');

interface Schema {
  readonly type?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** As the API server fills them in: a default is filled in further. */
function withDefaults(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => withDefaults(schema.items ?? {}, each));
  if (typeof value !== 'object' || value === null) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const own = filled[key] ?? property.default;
    if (own !== undefined) filled[key] = withDefaults(property, own);
  }
  return filled;
}

/** Notes which keys are asked for, by path, with every index as 0. */
function watched(value: unknown, path: string, asked: Map<string, Set<string>>): unknown {
  if (Array.isArray(value)) return value.map((each) => watched(each, `${path}[]`, asked));
  if (typeof value !== 'object' || value === null) return value;
  const keys = asked.get(path) ?? new Set<string>();
  asked.set(path, keys);
  const inner = Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, watched(each, `${path}.${key}`, asked)]),
  );
  return new Proxy(inner, {
    getOwnPropertyDescriptor(target, key) {
      if (typeof key === 'string') keys.add(key);
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
  });
}

describe('the CRDs of zen-flow', () => {
  it.each(Object.entries(renderCrds()))('%s is what the schemas give', (file, text) => {
    expect(readFileSync(join(folder, file), 'utf8')).toBe(text);
  });

  it('have exactly the fields that zen-flow reads', () => {
    const valuesFrom = (...keys: readonly string[]) =>
      keys.map((key) => ({ valueFrom: key === 'jsonPath' ? { jsonPath: 'a:$' } : { [key]: {} } }));
    const step = {
      ...aStep('a'),
      retryPolicy: { backoff: {} },
      approval: {},
      inputs: { parameters: valuesFrom('jsonPath', 'output', 'configMapKeyRef', 'secretKeyRef') },
      outputs: { parameters: valuesFrom('jsonPath', 'terminationMessage', 'configMapKeyRef') },
      forEach: {},
      memoize: {},
    };
    const spec = {
      steps: [step],
      finally: [step],
      templates: [{ name: 't', template: aTemplate }],
      executionPolicy: {},
      resourceTemplates: {},
    };
    const asked = new Map<string, Set<string>>();
    readSpec(watched(spec, 'spec', asked));
    const fieldsOf = (schema: Schema) => Object.keys(schema.properties ?? {}).sort();
    const read = (path: string) => [...(asked.get(path) ?? [])].sort();
    const { steps, finally: final, templates, executionPolicy } = (specSchema as Schema).properties ?? {};
    const stepItems = steps?.items?.properties ?? {};
    expect(read('spec')).toEqual(fieldsOf(specSchema as Schema));
    expect(read('spec.executionPolicy')).toEqual(fieldsOf(executionPolicy ?? {}));
    expect(read('spec.templates[]')).toEqual(fieldsOf(templates?.items ?? {}));
    expect(read('spec.steps[]')).toEqual(fieldsOf(steps?.items ?? {}));
    expect(read('spec.finally[]')).toEqual(fieldsOf(final?.items ?? {}));
    expect(read('spec.steps[].retryPolicy')).toEqual(fieldsOf(stepItems['retryPolicy'] ?? {}));
    expect(read('spec.steps[].retryPolicy.backoff')).toEqual(
      fieldsOf(stepItems['retryPolicy']?.properties?.['backoff'] ?? {}),
    );
    const deeper = ['approval', 'forEach', 'memoize', 'inputs', 'outputs'];
    for (const field of deeper) expect(read(`spec.steps[].${field}`)).toEqual(fieldsOf(stepItems[field] ?? {}));
    for (const field of ['inputs', 'outputs']) {
      const path = `spec.steps[].${field}.parameters[]`;
      const { properties = {} } = stepItems[field]?.properties?.['parameters']?.items ?? {};
      expect(read(path)).toEqual(Object.keys(properties).sort());
      const sources = properties['valueFrom']?.properties ?? {};
      expect(read(`${path}.valueFrom`)).toEqual(Object.keys(sources).sort());
      for (const [source, schema] of Object.entries(sources))
        if (schema.properties !== undefined) expect(read(`${path}.valueFrom.${source}`)).toEqual(fieldsOf(schema));
    }
    const { resourceTemplates } = (specSchema as Schema).properties ?? {};
    expect(read('spec.resourceTemplates')).toEqual(fieldsOf(resourceTemplates ?? {}));
  });

  it('have the defaults that zen-flow assumes', () => {
    const spec = { steps: [aStep('a', [], { retryPolicy: {} }), aManualStep('b', [], { approval: {} })] };
    const filled = withDefaults(specSchema as Schema, spec);
    expect(filled).not.toEqual(spec);
    expect(readSpec(filled)).toEqual(readSpec(spec));
  });
});
