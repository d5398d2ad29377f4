/**
 * Starts an embedded API server with the kinds of zen-flow and the small Job controller, and
 * zen-flow on it, in this process. All end with the test.
 */

import { expect, onTestFinished } from 'vitest';
import { type EmbeddedApiServer, startApiServer } from '../../../apiserver/startApiServer.ts';
import type { FlowBridge } from '../../../bridge/startFlowBridge.ts';
import { startJobController } from '../../../cli/demo/jobs/jobController.ts';
import { startZenFlow } from '../../../cli/flow/startZenFlow.ts';
import { jobFlowCrd } from '../../../deploy/flow/jobFlowCrd.ts';
import { jobFlowRecordCrd } from '../../../deploy/flow/jobFlowRecordCrd.ts';
import { jobFlowScheduleCrd } from '../../../deploy/flow/jobFlowScheduleCrd.ts';
import { parseJob } from '../../../lib/flow/objects/parseJob.ts';
import { parseJobFlow } from '../../../lib/flow/objects/parseJobFlow.ts';
import { parseRecordObject } from '../../../lib/flow/objects/parseRecordObject.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { API_VERSION } from '../../../lib/flow/state/names.ts';
import type { FlowRecord } from '../../../lib/flow/state/record.ts';
import type { FlowStatusView } from '../../../lib/flow/state/snapshot.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { createFlowMetrics } from '../../../lib/telemetry/flowMetrics.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { type Outcomes, planOf } from '../objects/aFlow.ts';

export const FLOW = { resource: 'jobflows', namespace: 'default', name: 'nightly' } as const;

export interface FlowCluster {
  readonly server: EmbeddedApiServer;
  readonly objects: EmbeddedApiServer['objects'];
  /** Each Job that was made, in order: `a/1`. */
  readonly made: readonly string[];
  startBridge(): FlowBridge;
  apply(spec: JsonObject, name?: string): void;
  annotate(annotations: Readonly<Record<string, string>>): void;
  status(): FlowStatusView | null;
  record(): FlowRecord | null;
  /** `Succeeded`, `Failed StepFailed`; of each step `Skipped WhenFalse`. */
  states(): Readonly<Record<string, string>>;
  untilPhase(phase: string): Promise<void>;
  /** The reasons of the Events about the flow, sorted, each once. */
  events(): readonly string[];
}

/** `messages`: what the Jobs of a step leave as termination message. */
export async function aFlowCluster(
  outcomes: Outcomes = {},
  durationMs = 30,
  messages: Readonly<Record<string, string>> = {},
): Promise<FlowCluster> {
  const server = await startApiServer();
  onTestFinished(() => server.close());
  const { objects } = server;
  for (const definition of [jobFlowCrd, jobFlowRecordCrd, jobFlowScheduleCrd]) objects.create(definition);
  const plan = planOf(outcomes, durationMs);
  const controller = startJobController({
    objects,
    endOf(job) {
      const { step, attempt } = parseJob(job);
      const { kind, exitCode, durationMs: afterMs } = plan(step, attempt);
      const message = messages[step];
      return {
        exitCode: kind === 'ok' ? 0 : exitCode,
        afterMs: kind === 'timeout' ? 3_600_000 : afterMs,
        ...(message !== undefined && { message }),
      };
    },
  });
  onTestFinished(() => controller.close());
  const made: string[] = [];
  const stop = objects.subscribe('jobs', ({ type, entry }) => {
    const { step, attempt } = parseJob(entry.object);
    if (type === 'ADDED') made.push(`${step}/${attempt}`);
  });
  onTestFinished(stop);
  const status = (): FlowStatusView | null => {
    const found = objects.read(FLOW);
    return found === undefined ? null : parseJobFlow(found).status;
  };
  return {
    server,
    objects,
    made,
    startBridge() {
      const { api, metrics } = connect(server);
      const bridge = startZenFlow({
        api,
        clusterName: 'test',
        namespaces: [],
        metrics,
        flowMetrics: createFlowMetrics(metrics.registry),
        log: silentLogger,
      });
      onTestFinished(async () => {
        await bridge.close();
        await api.close();
      });
      return bridge;
    },
    apply(spec, name = FLOW.name) {
      const { namespace } = FLOW;
      objects.create({ apiVersion: API_VERSION, kind: 'JobFlow', metadata: { namespace, name }, spec });
    },
    annotate: (annotations) => void objects.patch(FLOW, { metadata: { annotations } }),
    status,
    record() {
      const found = objects.list('jobflowrecords').map(parseRecordObject)[0]?.record ?? null;
      return found === 'unreadable' ? null : found;
    },
    states() {
      const view = status();
      const own = (view?.steps ?? []).map(({ name, phase, reason }) => [name, join(phase, reason)]);
      return { flow: join(view?.phase ?? 'none', view?.reason ?? null), ...Object.fromEntries(own) };
    },
    untilPhase: async (phase) => expect.poll(() => status()?.phase).toBe(phase),
    events: () => [...new Set(objects.list('events').map((event) => String(event['reason'])))].sort(),
  };
}

/** A client of the embedded API, with metrics of its own. */
export function connect({ url }: Pick<EmbeddedApiServer, 'url'>) {
  const metrics = createMetrics();
  const access = { server: url, origin: 'test', readCredentials: async () => ({ headers: {}, tls: {} }) };
  return { api: createKubeApi(access, { metrics }), metrics };
}

function join(phase: string, reason: string | null): string {
  return reason === null ? phase : `${phase} ${reason}`;
}
