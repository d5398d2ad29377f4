/**
 * Makes the metrics of flows, beside those of every process (metrics.ts). The names are those of
 * the Go zen-flow where they mean the same.
 *
 * A label `flow` holds the name of a flow without the suffix that generateName or a schedule gives
 * it, so that a flow that runs each night is one series. As many names as `limit` have series of
 * their own, and a flow as many steps as MAX_STEPS. The others share the series with an empty
 * label. Histograms have no step, because each costs a series for each bucket.
 */

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Seconds, 1 s to 6 h: a Job takes as long as that, and never less than a second. */
const jobBuckets = [1, 2.5, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 7_200, 21_600];
/** Seconds, 1 ms to 10 s. */
const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** A minute to a week: a person answers. */
const approvalBuckets = [60, 300, 600, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400, 604_800];
/** Seconds, 100 ms to an hour: a run of a schedule is due at a whole minute. */
const delayBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600];
/** 256 B to 512 KiB, at which a flow fails. */
const recordBuckets = [256, 1_024, 4_096, 16_384, 65_536, 131_072, 262_144, 524_288];

/** Names with series of their own. */
const DEFAULT_LIMIT = 200;
const MAX_STEPS = 50;

export function createFlowMetrics(registry: Registry, limit = DEFAULT_LIMIT) {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `zen_flow_${name}`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name: `zen_flow_${name}`, help, labelNames, registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: readonly number[] = latencyBuckets,
  ) => new Histogram({ name: `zen_flow_${name}`, help, labelNames, buckets: [...buckets], registers });

  return {
    labels: createFlowLabels(limit),

    // functions: what was decided
    jobFlowTransitions: counter('jobflow_phase_transitions_total', 'Flows that came into a phase.', [
      'phase',
      'namespace',
    ]),
    stepTransitions: counter('step_phase_transitions_total', 'Steps that came into a phase.', ['flow', 'phase']),
    stepSeconds: histogram(
      'step_duration_seconds',
      'From the start of an attempt to its end, by result (success, failure).',
      ['flow', 'result'],
      jobBuckets,
    ),
    stepErrors: counter('step_errors_total', 'Attempts that failed, by the reason in the record.', [
      'flow',
      'step',
      'error_type',
    ]),
    stepRetries: counter('step_retries_total', 'Attempts after the first.', ['flow', 'step']),
    retryBackoffSeconds: histogram(
      'step_retry_backoff_duration_seconds',
      'How long an attempt after the first has to wait.',
      ['flow'],
      jobBuckets,
    ),
    approvalSeconds: histogram(
      'approval_latency_seconds',
      'From the question to the answer, or to the end of the time for it.',
      ['flow'],
      approvalBuckets,
    ),
    timeouts: counter(
      'timeouts_total',
      'Deadlines that were over, by what had it (step_timeout, approval_timeout, finally_timeout, jobflow_timeout).',
      ['flow', 'step', 'timeout_type'],
    ),

    // functions: schedules
    scheduleRuns: counter(
      'schedule_runs_total',
      'Runs of schedules, by what became of them (started, missed, many_missed, waiting, refused). The label flow is the name of the schedule.',
      ['flow', 'result'],
    ),
    scheduleDelaySeconds: histogram(
      'schedule_delay_seconds',
      'From the minute of a run to the making of its flow.',
      [],
      delayBuckets,
    ),

    // functions: how it is done
    reconciliationSeconds: histogram(
      'reconciliation_duration_seconds',
      'Time of one pass over a flow, from the event to the last write.',
      [],
    ),
    reconciliationErrors: counter('reconciliation_errors_total', 'Passes that failed, by error code.', ['error_type']),
    hints: counter('hints_total', 'Passes that read the state themselves, by why.', ['reason']),
    dagSeconds: histogram('dag_computation_duration_seconds', 'Time of one decision, without reads and writes.', []),
    statusSeconds: histogram('status_update_duration_seconds', 'Time of one write of a status.', []),
    apiCalls: counter('api_server_calls_total', 'Calls of the functions to the API server.', ['operation', 'resource']),
    hopSeconds: histogram(
      'hop_seconds',
      'From the end of a Job, as the bridge saw it, until the next Jobs are made.',
      [],
    ),
    createErrors: counter('job_create_errors_total', 'Jobs that the API server did not take, by error code.', [
      'reason',
    ]),
    zombiesDeleted: counter(
      'zombie_jobs_deleted_total',
      'Jobs that were deleted because no step runs for them any more.',
      [],
    ),
    announcements: counter(
      'announcements_total',
      'Announcements of flows and steps to EVENTS_SINK, by result (sent, failed, dropped).',
      ['result'],
    ),
    recordBytes: histogram('record_bytes', 'Length of a record that was written.', [], recordBuckets),

    // bridge: the state of the world
    jobFlows: gauge('jobflows', 'Flows, by phase.', ['phase', 'namespace']),
    oldestSeconds: gauge('jobflow_oldest_seconds', 'How long the oldest flow of a phase has existed.', ['phase']),
    steps: gauge('steps', 'Steps of flows, by phase.', ['flow', 'phase']),
    approvalsPending: gauge('approvals_pending', 'Steps that wait for a person.', ['flow']),
    approvalOldestSeconds: gauge('approval_oldest_seconds', 'How long the oldest question has waited.', []),
    stepsWaiting: gauge(
      'steps_waiting',
      'Steps that wait, by reason: those that are Pending, and those that a quota keeps from their Job.',
      ['reason'],
    ),
    queueDepth: gauge(
      'step_execution_queue_depth',
      'Steps whose dependencies are done and that wait all the same: for room, a backoff, or a suspension.',
      ['flow'],
    ),
  };
}

export type FlowMetrics = ReturnType<typeof createFlowMetrics>;

export interface FlowLabels {
  /** The label `flow`; empty beyond the limit. */
  flow(name: string): string;
  /** The label `namespace`; empty beyond the limit. */
  namespace(name: string): string;
  /** Both labels; empty beyond the limits. */
  step(flow: string, step: string): { readonly flow: string; readonly step: string };
}

/** What generateName adds, and what a schedule adds: the minute of the run. */
const GENERATED = /-(?:[bcdfghjklmnpqrstvwxz2456789]{5}|\d{8,10})$/;

/** https://github.com/kubernetes/apiserver/blob/master/pkg/storage/names/generate.go (alphabet) */
export function groupName(name: string): string {
  return name.replace(GENERATED, '');
}

function createFlowLabels(limit: number): FlowLabels {
  const known = new Map<string, Set<string>>();
  const flow = (name: string): string => {
    const label = groupName(name);
    if (known.has(label)) return label;
    if (known.size >= limit) return '';
    known.set(label, new Set());
    return label;
  };
  const namespaces = new Set<string>();
  return {
    flow,
    namespace(name) {
      if (!namespaces.has(name) && namespaces.size >= limit) return '';
      namespaces.add(name);
      return name;
    },
    step(name, step) {
      const label = flow(name);
      const steps = known.get(label);
      if (label === '' || steps === undefined) return { flow: '', step: '' };
      if (!steps.has(step) && steps.size >= MAX_STEPS) return { flow: label, step: '' };
      steps.add(step);
      return { flow: label, step };
    },
  };
}
