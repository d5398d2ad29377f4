/**
 * Reads `inputs.artifacts` and `outputs.artifacts`: folders on a claim of the flow.
 *
 * Guarantees: what it returns stays within the bounds of the CRD, as readSpec.ts. What the Go
 * zen-flow moved itself is refused, with the way to do it.
 */

import type { FieldReader } from './fieldReader.ts';
import type { InputArtifact, OutputArtifact } from './flowSpec.ts';
import { limits } from './limits.ts';

const onController = 'the Go zen-flow does it on the file system of its controller';
const hints = {
  http: `is not supported: ${onController}. Fetch it in the step, or in an initContainer, into a folder of a claim`,
  s3: `is not supported: ${onController}. Let the step upload to it, and give the address as an output parameter`,
  archive: `is not supported: ${onController}. Let the step pack it, as with tar, into the folder of the artifact`,
  optional: 'is not supported: the folder is always there, and may be empty',
} as const;

export function readInputArtifacts(inputs: FieldReader | null): readonly InputArtifact[] {
  return (
    inputs?.list('artifacts', { min: 0, max: limits.inputs }).map((fields) => {
      const name = fields.text('name', limits.reference) ?? '';
      const path = readPath(fields);
      const from = fields.text('from', limits.reference);
      const volumeClaim = fields.text('volumeClaim', limits.name);
      const [step = '', artifact = name, ...more] = (from ?? '').split('/');
      if (from === null) fields.fault('from', 'is missing: the step that gives it, or STEP/ARTIFACT');
      else if (step === '' || artifact === '' || more.length > 0)
        fields.fault('from', `must be STEP or STEP/ARTIFACT, not "${from}"`);
      end(fields);
      return { name, path, step, artifact, volumeClaim };
    }) ?? []
  );
}

export function readOutputArtifacts(outputs: FieldReader | null): readonly OutputArtifact[] {
  return (
    outputs?.list('artifacts', { min: 0, max: limits.outputs }).map((fields) => {
      const name = fields.text('name', limits.reference) ?? '';
      const path = readPath(fields);
      const volumeClaim = fields.text('volumeClaim', limits.name);
      const way =
        'is missing: zen-flow moves no files, so an artifact is a folder of a claim. Name one of spec.resourceTemplates.volumeClaimTemplates';
      if (volumeClaim === null) fields.fault('volumeClaim', way);
      end(fields);
      return { name, path, volumeClaim: volumeClaim ?? '' };
    }) ?? []
  );
}

/** The runtime takes a colon for the end of the path, and `..` for another place. */
function readPath(fields: FieldReader): string {
  const path = fields.text('path', limits.reference) ?? '';
  const isSound = path.startsWith('/') && path !== '/' && !path.includes(':') && !path.split('/').includes('..');
  if (!isSound) fields.fault('path', `must be the absolute path of a folder in the containers, not "${path}"`);
  return path;
}

function end(fields: FieldReader): void {
  // The CRD keeps what is under them, so that they are refused and not dropped.
  for (const key of ['http', 's3', 'archive'] as const) {
    if (!fields.has(key)) continue;
    fields.object(key);
    fields.fault(key, hints[key]);
  }
  fields.end({ optional: hints.optional });
}
