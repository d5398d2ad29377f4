/**
 * Makes the mounts of the artifacts of a step: a folder on a claim of the flow for each, which its
 * producer writes and its consumers read.
 *
 * The folder is named by step and artifact, so that two steps cannot write to the same one. It is
 * the same one for each attempt: what a failed attempt has left there is still there.
 */

import type { FlowSpec, Json, Step } from '../spec/flowSpec.ts';
import { stepNamed } from '../spec/stepNamed.ts';
import { resourceName } from '../state/names.ts';

export interface ArtifactMounts {
  readonly volumes: readonly Json[];
  readonly mounts: readonly Json[];
}

/** `flow`: its name. */
export function artifactMounts(flow: string, spec: FlowSpec, step: Step): ArtifactMounts {
  const { inputArtifacts, outputArtifacts } = step;
  if (inputArtifacts.length + outputArtifacts.length === 0) return { volumes: [], mounts: [] };
  const given = inputArtifacts.flatMap(({ path, step: from, artifact }) => {
    const producer = stepNamed(spec, from);
    const output = producer?.outputArtifacts.find(({ name }) => name === artifact);
    return output === undefined ? [] : [{ path, from, artifact, claim: output.volumeClaim, readOnly: true }];
  });
  const made = outputArtifacts.map(({ name, path, volumeClaim }) => ({
    ...{ path, from: step.name, artifact: name, claim: volumeClaim, readOnly: false },
  }));
  const folders = [...made, ...given];
  const claims = [...new Set(folders.map(({ claim }) => claim))];
  return {
    volumes: claims.map((claim) => ({
      name: volumeName(claim),
      persistentVolumeClaim: { claimName: resourceName(flow, claim) },
    })),
    mounts: folders.map(({ path, from, artifact, claim, readOnly }) => ({
      name: volumeName(claim),
      mountPath: path,
      subPath: `${from}/${artifact}`,
      ...(readOnly && { readOnly }),
    })),
  };
}

/** Claims that the artifacts of a step are on. */
export function artifactClaims(spec: FlowSpec, step: Step): readonly string[] {
  const given = step.inputArtifacts.flatMap(({ step: from, artifact }) => {
    const producer = stepNamed(spec, from);
    return producer?.outputArtifacts.find(({ name }) => name === artifact)?.volumeClaim ?? [];
  });
  return [...step.outputArtifacts.map(({ volumeClaim }) => volumeClaim), ...given];
}

/** Of at most 63 characters: the name of a template has 52. */
function volumeName(claim: string): string {
  return `artifacts-${claim}`;
}
