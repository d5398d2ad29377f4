/**
 * Tests what docs/reference/kubernetes-versions.md says of older versions: which resources that
 * zen-lead asks for, and which fields of what `deploy/` ships, they do not know.
 *
 * Does not guarantee that zen-lead runs on them: only their OpenAPI is asked.
 */

import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import * as resources from '../../lib/kube/kubeApi.ts';
import { go, hasGo } from '../support/controlPlane/goProgram.ts';
import { type KubernetesObject, readOpenApi } from '../support/controlPlane/openApi.ts';
import { build, deploy, hasKubectl } from '../support/deploy/readManifests.ts';

const canRun = hasKubectl && (await hasGo(AbortSignal.timeout(30_000)));
if (!canRun) console.log('e2e: the OpenAPI of older versions is not read, it needs Go and kubectl');

const ways = ['one', 'kubernetes', 'knative', 'api', 'locks'].map((way) => `cluster-wide/${way}`);
const resource = z.object({ groupVersion: z.string(), plural: z.string() });

const policies = ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'];
const sleep = 'Deployment.spec.template.spec.containers[].lifecycle.preStop.sleep';
const flows = 'FlowSchema';
const whoami = 'selfsubjectreviews';
const eviction = 'PodDisruptionBudget.spec.unhealthyPodEvictionPolicy';

test.runIf(canRun).each([
  ['1.24.17', [...policies, sleep, flows, whoami, eviction]],
  ['1.26.15', [...policies, sleep, flows, whoami]],
  ['1.28.15', [...policies, sleep, flows]],
  ['1.29.15', policies],
  ['1.30.14', []],
])(
  'Kubernetes %s knows all but %j',
  async (version, expected) => {
    const { asks, missing } = findMissing(await download(version));
    expect(asks).toBeGreaterThan(8);
    expect(missing.toSorted()).toEqual(expected.toSorted());
    const page = readFileSync(join(deploy, '../docs/reference/kubernetes-versions.md'), 'utf8');
    expect(page).toContain(version.replace(/\.\d+$/, ''));
  },
  180_000,
);

function findMissing(module: string): { readonly asks: number; readonly missing: readonly string[] } {
  const api = readOpenApi(module);
  const asked = Object.values(resources)
    .flatMap((each) => resource.safeParse(each).data ?? [])
    // Those of CustomResourceDefinitions come with them.
    .filter(({ groupVersion }) => !/zen|keda/.test(groupVersion));
  const objects: readonly KubernetesObject[] = [
    ...ways.flatMap((way) => build(join(deploy, way))),
    { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: 'FlowSchema' },
  ].filter(({ apiVersion }) => !apiVersion.includes('knative.dev'));
  return {
    asks: asked.length,
    missing: [
      ...new Set([
        ...asked.filter(({ groupVersion, plural }) => !api.serves(groupVersion, plural)).map(({ plural }) => plural),
        ...objects.flatMap((object) => api.unknownFields(object) ?? [object.kind]),
      ]),
    ],
  };
}

/** Returns the folder of the module. */
async function download(version: string): Promise<string> {
  const answer = await go(
    ['mod', 'download', '-json', `k8s.io/kubernetes@v${version}`],
    tmpdir(),
    AbortSignal.timeout(150_000),
  );
  return z.object({ Dir: z.string() }).parse(JSON.parse(answer)).Dir;
}
