/**
 * The flow of the demo: eight steps with a fan-out, a retry and an approval, and how each of its
 * Jobs ends.
 */

import type { KubeObject } from '../../../apiserver/kubeObject.ts';
import { API_VERSION, label } from '../../../lib/flow/state/names.ts';
import type { JobEnd } from '../../demo/jobs/jobController.ts';

export const FLOW = { namespace: 'default', name: 'nightly' } as const;
/** The Manual step. */
export const QUESTION = 'approve';
/** Its first attempt fails. */
export const RETRIED = 'merge';
/** While it runs, the bridge is killed. */
export const SLOW = 'enrich';

const work = {
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'example.com/work:1' }] } } },
};
const job = (name: string, dependencies: readonly string[], more: object = {}) => ({
  name,
  templateRef: 'work',
  dependencies,
  ...more,
});

export const nightlyFlow = {
  apiVersion: API_VERSION,
  kind: 'JobFlow',
  metadata: FLOW,
  spec: {
    templates: [{ name: 'work', template: work }],
    steps: [
      job('extract', []),
      job('clean', ['extract']),
      job(SLOW, ['extract']),
      job('score', ['extract']),
      job(RETRIED, ['clean', SLOW, 'score'], { retryPolicy: { limit: 2, backoff: { duration: '500ms' } } }),
      { name: QUESTION, type: 'Manual', message: 'publish the figures?', dependencies: [RETRIED] },
      job('publish', [QUESTION]),
      job('notify', ['publish']),
    ],
  },
};

const DURATION_MS = 700;
const SLOW_MS = 4_000;

export function endOf({ metadata }: KubeObject): JobEnd {
  const labels = new Map(Object.entries(metadata['labels'] ?? {}));
  const step = labels.get(label.step);
  const isFirst = labels.get(label.attempt) === '1';
  return { exitCode: step === RETRIED && isFirst ? 1 : 0, afterMs: step === SLOW ? SLOW_MS : DURATION_MS };
}
