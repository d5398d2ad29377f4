import { describe, expect, it } from 'vitest';
import { checkFlowObject } from '../../../lib/flow/spec/checkFlowObject.ts';
import type { JsonObject, Problem } from '../../../lib/flow/spec/flowSpec.ts';
import { aManualStep, aStep } from '../../support/objects/aFlow.ts';

const digest = `@sha256:${'0123456789abcdef'.repeat(4)}`;
const memoize = { memoize: {} };

function jobOf(images: readonly string[], more: JsonObject = {}): JsonObject {
  const containers = images.map((image, index) => ({ name: `c${index}`, image }));
  return { spec: { template: { spec: { restartPolicy: 'Never', containers, ...more } } } };
}

function problemsOf(spec: JsonObject): readonly Problem[] {
  const head = { apiVersion: 'workflow.kube-zen.io/v1alpha1', kind: 'JobFlow', metadata: { name: 'nightly' } };
  return checkFlowObject({ ...head, spec }).problems;
}

const pathsOf = (spec: JsonObject) => problemsOf(spec).map(({ path }) => path);
const placeOf = (index: number, list = 'containers') => `spec.template.spec.${list}[${index}].image`;
const one = (images: readonly string[], fields: JsonObject, more: JsonObject = {}) => ({
  steps: [aStep('a', [], { template: jobOf(images, more), ...fields })],
});

describe('the images of a memoized step', () => {
  it('are named in a warning where they have no digest, for the key is a hash of the Job', () => {
    expect(problemsOf(one(['busybox:1.37', `busybox${digest}`, 'busybox'], memoize))).toEqual(
      [0, 2].map((index) => ({
        severity: 'warning',
        path: `spec.steps[0].template.${placeOf(index)}`,
        message: 'has no digest (@sha256:...), so the kept result may be of another image. Add it, or give memoize.key',
      })),
    );
  });

  it('are named in initContainers and in finally as well', () => {
    const init = { initContainers: [{ name: 'i', image: 'busybox:1.37' }] };
    const spec = one([`busybox:1.37${digest}`], memoize, init);
    expect(pathsOf(spec)).toEqual([`spec.steps[0].template.${placeOf(0, 'initContainers')}`]);
    expect(pathsOf({ steps: [aManualStep('m')], finally: spec.steps })).toEqual([
      `spec.finally[0].template.${placeOf(0, 'initContainers')}`,
    ]);
  });

  it.each(['busybox:sha256-1', 'busybox@sha256:123', `busybox${digest}0`, `busybox${digest}:1.37`])(
    'have no digest in %s',
    (image) => {
      expect(pathsOf(one([image], memoize))).toHaveLength(1);
    },
  );

  it.each([`b${digest}`, `registry.example.com:5000/b:1${digest}`, `b@sha512:${'ab'.repeat(64)}`])(
    'have one in %s',
    (image) => {
      expect(pathsOf(one([image], memoize))).toEqual([]);
    },
  );

  it('are the business of an author who gives a key, and of a step that is not memoized', () => {
    expect(pathsOf(one(['busybox'], { memoize: { key: "'today'" } }))).toEqual([]);
    expect(pathsOf(one(['busybox'], {}))).toEqual([]);
  });

  it('are named once where steps share a template', () => {
    const templates = [
      { name: 'other', template: jobOf(['busybox']) },
      { name: 'work', template: jobOf(['busybox']) },
    ];
    const steps = ['a', 'b'].map((name) => ({ name, templateRef: 'work', ...memoize }));
    const other = { name: 'c', templateRef: 'other' };
    expect(pathsOf({ templates, steps: [...steps, other] })).toEqual([`spec.templates[1].template.${placeOf(0)}`]);
  });

  it('are read with the parameters of the flow', () => {
    const parameters = { tag: '1.37', exact: `1.37${digest}` };
    const images = ['tag', 'exact'].map((name) => `busybox:\${parameters.${name}}`);
    expect(pathsOf({ parameters, ...one(images, memoize) })).toEqual([`spec.steps[0].template.${placeOf(0)}`]);
  });

  it('may have the digest of an input, which is not known yet', () => {
    const input = { name: 'tag', valueFrom: { configMapKeyRef: { name: 'images', key: 'busybox' } } };
    const inputs = { inputs: { parameters: [input] } };
    const spec = one([`busybox:\${parameters.tag}`], { ...memoize, ...inputs });
    expect(pathsOf({ parameters: { tag: '1.37' }, ...spec })).toEqual([]);
  });

  it('are nothing to name where the pod holds no containers', () => {
    const odd = { containers: [null, { image: 3 }, 'x'], initContainers: {} } as unknown as JsonObject;
    expect(pathsOf(one([], memoize, odd))).toEqual([]);
  });
});
