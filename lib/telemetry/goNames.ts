/**
 * Lists the 26 metrics of the Go zen-lead (its main branch of January 2026), and what became of
 * each. A dashboard that was made for it shows the same, something near, or nothing. A test holds
 * names and labels to what is really exported.
 */

interface GoName {
  readonly name: string;
  /** `near` is the same name, with a difference that a reader of the graph has to know. */
  readonly fate: 'same' | 'near' | 'none';
  readonly note: string;
}

export const goNames: readonly GoName[] = [
  { name: 'build_info', fate: 'same', note: '' },
  { name: 'leader_duration_seconds', fate: 'same', note: '' },
  {
    name: 'failover_count_total',
    fate: 'near',
    note: 'The four reasons of the Go program keep their spelling; there are more, one for each reason of a decision.',
  },
  {
    name: 'reconciliation_duration_seconds',
    fate: 'near',
    note: 'One reconcile of a function, without namespace and service; waiting in the queue is event_lag_seconds.',
  },
  { name: 'pods_available', fate: 'same', note: '' },
  { name: 'port_resolution_failures_total', fate: 'same', note: '' },
  {
    name: 'reconciliation_errors_total',
    fate: 'near',
    note: 'error_type is a code of [errors](errors.md).',
  },
  { name: 'leader_services_total', fate: 'near', note: 'Followers Services count too.' },
  { name: 'endpointslices_total', fate: 'near', note: 'One for each address family; followers count too.' },
  { name: 'sticky_leader_hits_total', fate: 'same', note: '' },
  { name: 'sticky_leader_misses_total', fate: 'same', note: '' },
  { name: 'leader_selection_attempts_total', fate: 'same', note: '' },
  { name: 'leader_pod_age_seconds', fate: 'same', note: '' },
  { name: 'leader_service_without_endpoints', fate: 'same', note: '' },
  {
    name: 'reconciliations_total',
    fate: 'near',
    note: 'A reconcile that changes nothing counts, the resync every 30 s too.',
  },
  { name: 'leader_stable', fate: 'near', note: '1 while the pod that is routed to is fit, whichever it is.' },
  {
    name: 'endpoint_write_errors_total',
    fate: 'near',
    note: 'A conflict is none: it is read afresh and counted as a retry.',
  },
  {
    name: 'retry_attempts_total',
    fate: 'near',
    note: 'Conflicts only, operation is always write: the state is read afresh.',
  },
  { name: 'retry_success_after_retry_total', fate: 'near', note: 'As above.' },
  { name: 'cache_size', fate: 'near', note: 'Pods in the store of the bridge; the Go program counts Services.' },
  {
    name: 'cache_update_duration_seconds',
    fate: 'near',
    note: 'A full list, by resource and without namespace. In between the store follows a watch line by line; watch_staleness_seconds says how far behind it is.',
  },
  {
    name: 'cache_hits_total',
    fate: 'near',
    note: 'The store of the bridge was what the decision was made on. The Go program counts look-ups of Services.',
  },
  {
    name: 'cache_misses_total',
    fate: 'near',
    note: 'The function read the state itself; hints_total counts them by why.',
  },
  { name: 'timeout_occurrences_total', fate: 'same', note: '' },
  {
    name: 'failover_latency_seconds',
    fate: 'near',
    note: 'Without namespace and service. From when the bridge saw the change, by its clock; only for events of a trusted bridge.',
  },
  {
    name: 'api_call_duration_seconds',
    fate: 'near',
    note: 'Without namespace and service. result is success or an error code.',
  },
];
