/**
 * Tests the contract of the Kubernetes API, as far as a decision can run into it: one suite, two
 * targets.
 *
 * `npm test` runs it on the embedded API server, `npm run test:e2e` on a real kube-apiserver. The
 * two may differ in this:
 * - The embedded one keeps no managedFields, refuses server-side apply (415), and takes JSON only:
 *   no YAML and no protobuf. `kubectl create namespace` and other commands that send protobuf do
 *   not work; `kubectl create -f` does.
 * - It does not notice a field named twice in one object, and words a JSON syntax error as
 *   JavaScript does.
 * - Its tables have fewer columns for nodes and workloads, and no column descriptions. The object
 *   of a bookmark has metadata only.
 * - It allocates the lowest free ClusterIP and node port, not a random one.
 * - It gives no healthCheckNodePort, and does not compare a strategic patch with its
 *   $setElementOrder. Where several fields are wrong at once it may name fewer of them.
 * - It evaluates no rules in CEL (x-kubernetes-validations), and does not check that the status of
 *   a Job is consistent.
 * - It adds no taint to new nodes, and gives no warning for addresses with leading zeros. A refused
 *   change of a pod's spec comes without a diff.
 */

import { afterAll, beforeAll, describe } from 'vitest';
import { describeConflicts } from './conflicts.ts';
import { describeCustomResources } from './customResources.ts';
import { describeDeletion } from './deletion.ts';
import { describeEvents } from './events.ts';
import { describeExpiry } from './expiry.ts';
import { describeForms } from './forms.ts';
import { describeJobs } from './jobs.ts';
import { describeLists } from './lists.ts';
import { describeMetadata } from './metadata.ts';
import { describePatches } from './patches.ts';
import { describePods } from './pods.ts';
import { describeServices } from './services.ts';
import { describeSlices } from './slices.ts';
import { startTarget } from './startTarget.ts';
import type { Target } from './target.ts';
import { describeWatches } from './watches.ts';

let started: Target | undefined;
beforeAll(async () => {
  started = await startTarget();
}, 120_000);
afterAll(async () => {
  await started?.stop();
}, 60_000);

function target(): Target {
  if (started === undefined) throw new Error('the API server is not up: call this inside of a test or hook');
  return started;
}

describe('the Kubernetes API', () => {
  describeConflicts(target);
  describeLists(target);
  describeWatches(target);
  describePatches(target);
  describeMetadata(target);
  describeForms(target);
  describeServices(target);
  describeSlices(target);
  describePods(target);
  describeEvents(target);
  describeDeletion(target);
  describeJobs(target);
  describeCustomResources(target);
  // Comes last because it restarts a real API server.
  describeExpiry(target);
});
