/**
 * Finds what is wrong with the artifacts of a step: names, claims, and where they come from.
 *
 * Guarantees: pure. A flow without a problem here mounts only folders of its own claims, and reads
 * only those of steps that have ended by then.
 */

import type { FlowSpec, Step } from './flowSpec.ts';
import { readableSteps } from './readableSteps.ts';
import { stepNamed } from './stepNamed.ts';

type Report = (path: string, message: string, severity?: 'error' | 'warning') => void;

/** It becomes the name of a folder. */
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

export function checkArtifacts(spec: FlowSpec, step: Step, path: string, report: Report): void {
  const { inputArtifacts, outputArtifacts } = step;
  if (inputArtifacts.length + outputArtifacts.length === 0) return;
  const claims = new Set(spec.resources.claims.map(({ name }) => name));
  const lists = [
    { at: `${path}.inputs.artifacts`, list: inputArtifacts },
    { at: `${path}.outputs.artifacts`, list: outputArtifacts },
  ];
  const paths = new Set<string>();
  for (const { at, list } of lists) {
    const names = new Set<string>();
    for (const [index, artifact] of list.entries()) {
      const { name } = artifact;
      if (!NAME.test(name)) report(`${at}[${index}].name`, `"${name}" must have 1 to 63 of a-z, 0-9 and -`);
      else if (names.has(name)) report(`${at}[${index}].name`, `"${name}" is the name of another one, too`);
      names.add(name);
      if (paths.has(artifact.path))
        report(`${at}[${index}].path`, `"${artifact.path}" is the path of another artifact, too`);
      paths.add(artifact.path);
      const { volumeClaim } = artifact;
      if (volumeClaim !== null && !claims.has(volumeClaim))
        report(
          `${at}[${index}].volumeClaim`,
          `there is no claim "${volumeClaim}" in spec.resourceTemplates.volumeClaimTemplates`,
        );
    }
  }
  if (outputArtifacts.length > 0 && step.memoize !== null)
    report(`${path}.memoize`, 'is not for a step with outputs.artifacts: the files stay with the flow that made them');
  checkSources(spec, step, path, report);
}

function checkSources(spec: FlowSpec, step: Step, path: string, report: Report): void {
  if (step.inputArtifacts.length === 0) return;
  const before = readableSteps(spec, step);
  for (const [index, { step: from, artifact, volumeClaim }] of step.inputArtifacts.entries()) {
    const at = `${path}.inputs.artifacts[${index}]`;
    const producer = stepNamed(spec, from);
    const output = producer?.outputArtifacts.find(({ name }) => name === artifact);
    if (producer === undefined) report(`${at}.from`, `there is no step "${from}"`);
    else if (!before.has(from))
      report(`${at}.from`, `step "${from}" may not have ended by then; name it in dependencies`);
    else if (output === undefined) report(`${at}.from`, `step "${from}" has no artifact "${artifact}" in its outputs`);
    else if (volumeClaim !== null && volumeClaim !== output.volumeClaim)
      report(`${at}.volumeClaim`, `step "${from}" writes it to "${output.volumeClaim}"`);
  }
}
