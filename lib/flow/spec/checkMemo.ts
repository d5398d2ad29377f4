/**
 * Warns of an image without a digest in a memoized step without a key of its own.
 *
 * The key of such a step is a hash of its rendered Job. A tag in that Job may mean another image
 * tomorrow, and the kept result would count all the same. An author who gives a key has chosen what
 * the result depends on, so there is no warning then.
 *
 * Guarantees: pure; linear in the spec. Each image is named once, however many steps share it.
 */

import { fillReferences, findReferences } from '../data/references.ts';
import type { Values } from '../state/record.ts';
import { isObject } from './fieldReader.ts';
import type { FlowSpec, Json, JsonObject, Step } from './flowSpec.ts';

type Report = (path: string, message: string, severity?: 'error' | 'warning') => void;

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#registered-algorithms */
const DIGEST = /@sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/;

const ADVICE = 'has no digest (@sha256:...), so the kept result may be of another image. Add it, or give memoize.key';

export function checkMemo(spec: FlowSpec, report: Report): void {
  const sharing = new Map<string, Step[]>();
  for (const list of ['steps', 'finally'] as const) {
    for (const [index, step] of spec[list].entries()) {
      const { template, templateRef } = step;
      if (step.memoize === null || step.memoize.key !== null) continue;
      if (template !== null) checkImages(spec, template, [step], `spec.${list}[${index}].template`, report);
      if (templateRef === null) continue;
      const others = sharing.get(templateRef);
      if (others === undefined) sharing.set(templateRef, [step]);
      else others.push(step);
    }
  }
  for (const [index, { name, template }] of spec.templates.entries()) {
    const steps = sharing.get(name);
    if (steps !== undefined) checkImages(spec, template, steps, `spec.templates[${index}].template`, report);
  }
}

function checkImages(spec: FlowSpec, template: JsonObject, steps: readonly Step[], path: string, report: Report): void {
  const found = listImages(template);
  const filled = fillReferences({ images: found.map(({ image }) => image) }, knownValues(spec, steps))?.['images'];
  // Parameters that make a Job too large fail its step.
  if (!Array.isArray(filled)) return;
  for (const [index, { at }] of found.entries()) {
    const image = String(filled[index]);
    // What an input fills is known when the step runs.
    if (!DIGEST.test(image) && findReferences(image, at).length === 0) report(`${path}.${at}`, ADVICE, 'warning');
  }
}

/** An input stands before the parameter of its name, and has no value before the step runs. */
function knownValues({ parameters }: FlowSpec, steps: readonly Step[]): Values {
  const inputs = new Set(steps.flatMap((step) => step.inputs.map(({ name }) => name)));
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !inputs.has(name)));
}

function listImages({ spec }: JsonObject): readonly { readonly image: string; readonly at: string }[] {
  const template = isObject(spec) ? spec['template'] : undefined;
  const pod = isObject(template) ? template['spec'] : undefined;
  if (!isObject(pod)) return [];
  return ['initContainers', 'containers'].flatMap((key) => {
    const list = pod[key];
    if (!Array.isArray(list)) return [];
    return list.flatMap((container: Json, index) => {
      const image = isObject(container) ? container['image'] : undefined;
      return typeof image === 'string' ? [{ image, at: `spec.template.spec.${key}[${index}].image` }] : [];
    });
  });
}
