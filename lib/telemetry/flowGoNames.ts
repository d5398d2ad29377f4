/**
 * Lists the 17 metrics of the Go zen-flow (its main branch of January 2026), and what is different.
 * A dashboard that was made for it shows the same, or something near. A test holds names and labels
 * to what is exported.
 */

interface FlowGoName {
  readonly name: string;
  /** Labels of the Go program. */
  readonly labels: readonly string[];
  /** Empty where nothing is. */
  readonly difference: string;
}

const flowLabel = '`flow` is the name without the suffix of generateName or a schedule';
const withoutStep = `Without \`step\`; ${flowLabel}.`;

export const flowGoNames: readonly FlowGoName[] = [
  { name: 'jobflows', labels: ['phase', 'namespace'], difference: 'Read from the store when scraped, not added up.' },
  {
    name: 'jobflow_phase_transitions_total',
    labels: ['phase', 'namespace'],
    difference: 'There is a phase more, Finalizing.',
  },
  { name: 'steps', labels: ['flow', 'phase'], difference: `Read from the store when scraped; ${flowLabel}.` },
  { name: 'step_phase_transitions_total', labels: ['flow', 'phase'], difference: `${flowLabel}.` },
  {
    name: 'step_duration_seconds',
    labels: ['flow', 'step', 'result'],
    difference: `${withoutStep} Buckets from 1 s to 6 h; the Go one's end at 10 s.`,
  },
  { name: 'reconciliation_duration_seconds', labels: [], difference: 'Buckets from 1 ms.' },
  {
    name: 'step_errors_total',
    labels: ['flow', 'step', 'error_type'],
    difference: `\`error_type\` is the reason in the record; ${flowLabel}.`,
  },
  {
    name: 'reconciliation_errors_total',
    labels: ['error_type'],
    difference: '`error_type` is a code of [errors](errors.md).',
  },
  { name: 'step_retries_total', labels: ['flow', 'step'], difference: `${flowLabel}.` },
  { name: 'step_retry_backoff_duration_seconds', labels: ['flow', 'step'], difference: withoutStep },
  { name: 'approvals_pending', labels: ['flow'], difference: `${flowLabel}.` },
  { name: 'approval_latency_seconds', labels: ['flow', 'step'], difference: withoutStep },
  {
    name: 'timeouts_total',
    labels: ['flow', 'step', 'timeout_type'],
    difference: 'Beside step_timeout and jobflow_timeout there are approval_timeout and finally_timeout.',
  },
  { name: 'dag_computation_duration_seconds', labels: [], difference: 'Of the whole decision.' },
  { name: 'status_update_duration_seconds', labels: [], difference: '' },
  {
    name: 'step_execution_queue_depth',
    labels: ['flow'],
    difference: `Read from the store when scraped; ${flowLabel}.`,
  },
  {
    name: 'api_server_calls_total',
    labels: ['operation', 'resource'],
    difference: '`resource` is the plural; a patch is an update.',
  },
];
