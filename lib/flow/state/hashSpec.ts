/** Hashes what of a flow is frozen once it has started. */

import type { FlowSpec, Step } from '../spec/flowSpec.ts';
import { hash53 } from './hash.ts';

/**
 * Of what is frozen once a flow has started. The order of steps and of keys means nothing, and what
 * may still change (parallelism, suspend, shutdown, the policy) is not in it.
 */
export function hashSpec({ steps, templates, parameters, resources, ...rest }: FlowSpec): string {
  const made = resources.claims.length + resources.configMaps.length > 0 ? [resources] : [];
  const frozen = [byName(steps.map(saidOf)), byName(rest.finally.map(saidOf)), byName(templates), parameters, ...made];
  return hash53(canonical(frozen)).toString(36);
}

/** Without the fields that came later and say nothing: an update of zen-flow changes no hash. */
function saidOf({ inputs, outputs, inputArtifacts, outputArtifacts, forEach, memoize, once, approval, ...step }: Step) {
  const { users, groups, notInitiator, ...answer } = approval;
  return {
    ...step,
    approval: {
      ...answer,
      ...(users.length > 0 && { users }),
      ...(groups.length > 0 && { groups }),
      ...(notInitiator && { notInitiator }),
    },
    ...(inputs.length > 0 && { inputs }),
    ...(outputs.length > 0 && { outputs }),
    ...(inputArtifacts.length > 0 && { inputArtifacts }),
    ...(outputArtifacts.length > 0 && { outputArtifacts }),
    ...(forEach !== null && { forEach }),
    ...(memoize !== null && { memoize }),
    ...(once && { once }),
  };
}

function byName<T extends { readonly name: string }>(list: readonly T[]): readonly T[] {
  return [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Appends to one text: a spec of 1,000 steps has tens of thousands of values. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  let text = '';
  if (Array.isArray(value)) {
    for (const each of value) text += text === '' ? canonical(each) : `,${canonical(each)}`;
    return `[${text}]`;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(value).sort())
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonical(fields[key])}`;
  return `{${text}}`;
}
