/**
 * Starts an embedded API server with the kinds of zen-flow, and the function of flows on it, which
 * a test calls itself. No bridge, no Job controller: Jobs end as the test says. It ends with the
 * test.
 */

import { onTestFinished } from 'vitest';
import { startApiServer } from '../../../apiserver/startApiServer.ts';
import { jobFlowCrd } from '../../../deploy/flow/jobFlowCrd.ts';
import { jobFlowRecordCrd } from '../../../deploy/flow/jobFlowRecordCrd.ts';
import { createFlowReconciler, hintData } from '../../../functions/flows/flowReconciler.ts';
import type { FlowEventData } from '../../../lib/flow/events/flowEvent.ts';
import { parseJob } from '../../../lib/flow/objects/parseJob.ts';
import { parseJobFlow } from '../../../lib/flow/objects/parseJobFlow.ts';
import { parseRecordObject } from '../../../lib/flow/objects/parseRecordObject.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { API_VERSION } from '../../../lib/flow/state/names.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { createFlowMetrics } from '../../../lib/telemetry/flowMetrics.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { connect, FLOW } from './aFlowCluster.ts';

const verbs = ['list', 'get', 'create', 'mergePatch', 'delete'] as const;

/** `change`: makes an API that fails, or is slow. `now`: of the function. */
export async function aFlowReconciler(
  change: (api: KubeApi) => Partial<KubeApi> = () => ({}),
  now: () => number = Date.now,
) {
  const server = await startApiServer();
  onTestFinished(() => server.close());
  const { objects } = server;
  for (const definition of [jobFlowCrd, jobFlowRecordCrd]) objects.create(definition);
  const { api, metrics } = connect(server);
  onTestFinished(() => api.close());
  const { namespace, name } = FLOW;
  const calls: string[] = [];
  const told: string[] = [];
  const failures: string[] = [];
  const reconciler = createFlowReconciler({
    api: counted({ ...api, ...change(api) }, calls),
    log: silentLogger,
    metrics: createFlowMetrics(metrics.registry),
    now,
    news: {
      tell: (_flow, { changes }) => void told.push(...changes.map(({ step, to }) => `${step} ${to}`)),
      tellFailure: (_flow, error) => void failures.push(String(error)),
    },
  });
  return {
    objects,
    /** `create jobs`, in order. */
    calls,
    /** `a Running` */
    told,
    failures,
    apply(spec: JsonObject) {
      objects.create({ apiVersion: API_VERSION, kind: 'JobFlow', metadata: { namespace, name }, spec });
    },
    look: (data: FlowEventData = hintData()) =>
      reconciler.reconcile({ flow: { namespace, name }, data }, AbortSignal.timeout(60_000)),
    status: () => parseJobFlow(objects.read(FLOW)).status,
    /** Phase of each step, by the record. */
    phases() {
      const record = objects.list('jobflowrecords').map(parseRecordObject)[0]?.record ?? null;
      const steps = record === null || record === 'unreadable' ? [] : record.steps;
      return Object.fromEntries(steps.map(({ name, phase }) => [name, phase]));
    },
    /** `a/1`, sorted. */
    jobs: () =>
      objects
        .list('jobs')
        .map(parseJob)
        .map(({ step, attempt }) => `${step}/${attempt}`)
        .sort(),
    end(step: string, type: 'Complete' | 'Failed' = 'Complete') {
      const reason = type === 'Complete' ? 'CompletionsReached' : 'BackoffLimitExceeded';
      const lastTransitionTime = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
      for (const job of objects.list('jobs').map(parseJob)) {
        if (job.step !== step) continue;
        const status = { conditions: [{ type, status: 'True', reason, lastTransitionTime }] };
        objects.patchStatus({ resource: 'jobs', namespace, name: job.name }, { status });
      }
    },
  };
}

function counted(api: KubeApi, calls: string[]): KubeApi {
  const named = verbs.map((verb) => [
    verb,
    (resource: { readonly plural: string }, ...rest: readonly unknown[]) => {
      calls.push(`${verb} ${resource.plural}`);
      return Reflect.apply(api[verb], api, [resource, ...rest]);
    },
  ]);
  return { ...api, ...Object.fromEntries(named) };
}
