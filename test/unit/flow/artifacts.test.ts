/** Folders that one step writes and another one reads. */

import { describe, expect, it } from 'vitest';
import { usedResources } from '../../../lib/flow/data/renderTemplate.ts';
import { checkFlowObject } from '../../../lib/flow/spec/checkFlowObject.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { hashSpec } from '../../../lib/flow/state/hashSpec.ts';
import { API_VERSION } from '../../../lib/flow/state/names.ts';
import { newRecord } from '../../../lib/flow/state/record.ts';
import { jobOf } from '../../../lib/flow/writes/jobOf.ts';
import { aManualStep, aSpec, aStep } from '../../support/objects/aFlow.ts';

const resourceTemplates = { volumeClaimTemplates: [{ metadata: { name: 'work' }, spec: {} }] };
const build = { outputs: { artifacts: [{ name: 'site', path: '/out', volumeClaim: 'work' }] } };
const publish = { inputs: { artifacts: [{ name: 'site', path: '/in', from: 'build' }] } };
const sound = [aStep('build', [], build), aStep('publish', 'build', publish)];

function problemsOf(steps: readonly JsonObject[], more: JsonObject = {}): string {
  const spec = { steps, resourceTemplates, ...more };
  const object = { apiVersion: API_VERSION, kind: 'JobFlow', metadata: { name: 'f' }, spec };
  return checkFlowObject(object)
    .problems.map(({ path, message }) => `${path}: ${message}`)
    .join('\n');
}

const ofBuild = (artifact: JsonObject) => [aStep('build', [], { outputs: { artifacts: [artifact] } })];
const ofPublish = (artifact: JsonObject) => [
  aStep('build', [], build),
  aStep('publish', 'build', { inputs: { artifacts: [artifact] } }),
];
const site = { name: 'site', path: '/out', volumeClaim: 'work' };

describe('an artifact', () => {
  it('is a folder of a claim of the flow, which its step writes and another one reads', () => {
    expect(problemsOf(sound)).toBe('');
    const spec = aSpec({ steps: sound, resourceTemplates });
    const podOf = (name: string) => {
      const step = spec.steps.find((each) => each.name === name);
      if (step === undefined) throw new Error(name);
      return jobOf({ namespace: 'data', name: 'nightly', uid: 'f-1' }, spec, newRecord(spec, '', 0), step, 1) ?? {};
    };
    const volumes = [{ name: 'artifacts-work', persistentVolumeClaim: { claimName: 'nightly-work' } }];
    const mounted = (mount: JsonObject) => ({
      spec: { template: { spec: { volumes, containers: [{ name: 'main', volumeMounts: [mount] }] } } },
    });
    const folder = { name: 'artifacts-work', subPath: 'build/site' };
    expect(podOf('build')).toMatchObject(mounted({ ...folder, mountPath: '/out' }));
    expect(podOf('publish')).toMatchObject(mounted({ ...folder, mountPath: '/in', readOnly: true }));
    expect(usedResources(podOf('publish'), 'nightly', spec)).toEqual(['nightly-work']);
  });

  it('is frozen along with its step, and an update of zen-flow changes no hash', () => {
    const hash = (steps: readonly JsonObject[]) => hashSpec(aSpec({ steps, resourceTemplates }));
    expect(hash(ofBuild(site))).not.toBe(hash(ofBuild({ ...site, path: '/other' })));
    expect(hash([aStep('build', [], { outputs: {} })])).toBe(hash([aStep('build')]));
  });

  it.each([
    [
      'an http source',
      ofPublish({ ...site, from: 'build', http: { url: 'https://example.com' } }),
      'inputs.artifacts[0].http: is not supported: the Go zen-flow does it on the file system of its controller. Fetch it in the step, or in an initContainer',
    ],
    [
      's3',
      ofBuild({ ...site, s3: { bucket: 'b' } }),
      'outputs.artifacts[0].s3: is not supported: the Go zen-flow does it on the file system of its controller. Let the step upload to it',
    ],
    [
      'an archive',
      ofBuild({ ...site, archive: { format: 'tar' } }),
      'outputs.artifacts[0].archive: is not supported: the Go zen-flow does it on the file system of its controller. Let the step pack it',
    ],
    [
      'no claim',
      ofBuild({ name: 'site', path: '/out' }),
      'outputs.artifacts[0].volumeClaim: is missing: zen-flow moves no files',
    ],
    [
      'an unknown claim',
      ofBuild({ ...site, volumeClaim: 'wrok' }),
      'there is no claim "wrok" in spec.resourceTemplates.volumeClaimTemplates',
    ],
    [
      'a relative path',
      ofBuild({ ...site, path: 'out' }),
      'outputs.artifacts[0].path: must be the absolute path of a folder',
    ],
    ['a path that leads elsewhere', ofBuild({ ...site, path: '/out/../etc' }), 'must be the absolute path'],
    [
      'a name that leads elsewhere',
      ofBuild({ ...site, name: '../etc' }),
      '"../etc" must have 1 to 63 of a-z, 0-9 and -',
    ],
    ['no source', ofPublish({ name: 'site', path: '/in' }), 'inputs.artifacts[0].from: is missing'],
    [
      'a source of three parts',
      ofPublish({ name: 'site', path: '/in', from: 'a/b/c' }),
      'must be STEP or STEP/ARTIFACT',
    ],
    ['an unknown step', ofPublish({ name: 'site', path: '/in', from: 'biuld' }), 'there is no step "biuld"'],
    [
      'an unknown artifact',
      ofPublish({ name: 'site', path: '/in', from: 'build/docs' }),
      'step "build" has no artifact "docs" in its outputs',
    ],
    [
      'a step that comes later',
      [aStep('a', [], publish), aStep('build', 'a', build)],
      'step "build" may not have ended by then',
    ],
    [
      'another claim than the producer',
      ofPublish({ name: 'site', path: '/in', from: 'build', volumeClaim: 'other' }),
      'step "build" writes it to "work"',
    ],
    ['a Manual step', [aManualStep('m', [], build)], 'outputs.artifacts: is not for a Manual step'],
    [
      'a memoized step',
      [aStep('build', [], { ...build, memoize: {} })],
      'memoize: is not for a step with outputs.artifacts',
    ],
  ])('with %s is refused, with the way to do it', (_what, steps, says) => {
    const two = { volumeClaimTemplates: [...resourceTemplates.volumeClaimTemplates, { metadata: { name: 'other' } }] };
    expect(problemsOf(steps, { resourceTemplates: two })).toContain(says);
  });
});
