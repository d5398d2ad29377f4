/**
 * Every setting of zen-lead: one row each. Which command takes which row stands in commands.ts.
 */

import type { Settings } from './setting.ts';

/** Ports up to this can be asked for; a TCP port has 16 bits. */
const MAX_PORT = 65_535;

const port = {
  kind: 'integer',
  flag: 'port',
  placeholder: 'N',
  unit: 'TCP port',
  min: 0,
  max: MAX_PORT,
  zero: 'any free port; the log line says which',
} as const;

export const settings = {
  kubeconfig: {
    kind: 'text',
    flag: 'kubeconfig',
    placeholder: 'FILE',
    meaning:
      'Kubeconfig of the cluster. Without it: the cluster that this runs in, else $KUBECONFIG, else ~/.kube/config.',
  },
  kubeconfigVariable: {
    kind: 'text',
    env: ['KUBECONFIG'],
    placeholder: 'FILE',
    meaning: 'Used where --kubeconfig is absent and this runs in no cluster.',
  },
  kubernetesServiceHost: {
    kind: 'text',
    env: ['KUBERNETES_SERVICE_HOST'],
    placeholder: 'HOST',
    meaning: 'Set by the kubelet in every pod: with it, and without --kubeconfig, the pod’s service account is used.',
  },
  kubernetesServicePort: {
    kind: 'text',
    env: ['KUBERNETES_SERVICE_PORT_HTTPS', 'KUBERNETES_SERVICE_PORT'],
    placeholder: 'PORT',
    default: '443',
    meaning: 'Set by the kubelet beside KUBERNETES_SERVICE_HOST.',
    why: '443 is where the API server’s own Service listens unless the cluster says otherwise.',
  },
  home: {
    kind: 'text',
    env: ['HOME'],
    placeholder: 'DIR',
    meaning: 'Where .kube/config is looked for last.',
  },
  clusterName: {
    kind: 'text',
    flag: 'cluster-name',
    placeholder: 'NAME',
    default: 'kubernetes',
    meaning: 'Name of this cluster in the source of every event: /clusters/NAME.',
    why: 'kubeadm calls a cluster `kubernetes` when nobody names it.',
  },
  namespaces: {
    kind: 'list',
    flag: 'namespace',
    form: 'namespace',
    placeholder: 'NS',
    emptyMeans: 'all namespaces (needs a ClusterRole)',
    meaning: 'Watch this namespace only; may be repeated.',
  },
  functionsPort: {
    ...port,
    env: ['PORT'],
    default: 8080,
    meaning: 'Port of POST /, /livez, /readyz and /metrics.',
    why: 'Knative Serving sets PORT, and 8080 is its default.',
  },
  probesPort: {
    ...port,
    env: ['PORT'],
    default: 8081,
    meaning: 'Port of /livez, /readyz and /metrics.',
    why: 'Beside 8080, so that both halves can share a host network or a laptop.',
  },
  demoPort: {
    ...port,
    default: 0,
    meaning: 'Port of the embedded Kubernetes API, on 127.0.0.1.',
    why: 'The demo writes a kubeconfig, so nobody has to know the port and two demos can run side by side.',
  },
  host: {
    kind: 'text',
    flag: 'host',
    placeholder: 'ADDRESS',
    meaning: 'Address to listen on. Without it: every address inside a cluster, 127.0.0.1 elsewhere.',
    why: 'Probes and scrapes come to the pod’s own address; on a laptop nobody else has to reach it.',
  },
  sink: {
    kind: 'url',
    flag: 'sink',
    env: ['K_SINK'],
    placeholder: 'URL',
    required: true,
    meaning: 'Where events are sent: the functions. A SinkBinding sets K_SINK.',
  },
  ceOverrides: {
    kind: 'extensions',
    env: ['K_CE_OVERRIDES'],
    meaning: 'Attributes to set on every event sent, as a SinkBinding gives them: {"extensions":{"name":"value"}}.',
  },
  caCerts: {
    kind: 'text',
    env: ['K_CA_CERTS'],
    form: 'certificates',
    placeholder: 'PEM',
    meaning: 'Certificates to trust for https sinks beside the system’s, as a SinkBinding gives them.',
  },
  tokenFile: {
    kind: 'text',
    flag: 'token-file',
    placeholder: 'FILE',
    meaning: 'Projected service-account token to send to the sink; read again every minute and after a 401.',
  },
  attemptTimeoutMs: {
    kind: 'integer',
    flag: 'attempt-timeout-ms',
    placeholder: 'MS',
    unit: 'milliseconds',
    min: 1,
    max: 60_000,
    default: 1_000,
    zero: 'refused: no answer would ever be in time',
    meaning: 'How long the bridge waits for the answer to an event with a snapshot.',
    why: 'Such an event costs the function one write, some 5 ms; a second is a sink that hangs.',
  },
  hintTimeoutMs: {
    kind: 'integer',
    flag: 'hint-timeout-ms',
    placeholder: 'MS',
    unit: 'milliseconds',
    min: 1,
    max: 60_000,
    default: 2_500,
    zero: 'refused: no answer would ever be in time',
    meaning: 'How long the bridge waits for the answer to a hint.',
    why: 'The function may read for 2 s before it must write.',
  },
  resyncIntervalMs: {
    kind: 'integer',
    flag: 'resync-interval-ms',
    placeholder: 'MS',
    unit: 'milliseconds',
    min: 1_000,
    max: 86_400_000,
    default: 30_000,
    zero: 'refused: what a lost event left wrong would stay so',
    meaning: 'Every Service is reconciled again this often, spread over the interval.',
    why: 'The longest that anything stays wrong. Functions that are to scale to zero are woken by it, and want an hour.',
  },
  leaseName: {
    kind: 'text',
    flag: 'lease-name',
    form: 'objectName',
    placeholder: 'NAME',
    default: 'zen-lead-bridge',
    meaning: 'Lease that says which replica speaks first. Replicas that watch other namespaces need another one.',
    why: 'The name that deploy/base gives the bridge a right to.',
  },
  leaseNamespace: {
    kind: 'text',
    flag: 'lease-namespace',
    env: ['POD_NAMESPACE'],
    form: 'namespace',
    placeholder: 'NS',
    meaning:
      'Namespace of the Lease. Without it: that of the pod’s service account, or of the kubeconfig’s context, else default.',
  },
  noLease: {
    kind: 'switch',
    flag: 'no-lease',
    meaning:
      'Take no Lease and speak always: for one that is alone. Two that both do so agree in the end, and do the work twice.',
  },
  deadLetterSink: {
    kind: 'url',
    flag: 'dead-letter-sink',
    env: ['DEAD_LETTER_SINK'],
    placeholder: 'URL',
    meaning: 'Where events go that were given up. Without it they are counted and logged.',
  },
  eventsSink: {
    kind: 'url',
    flag: 'events-sink',
    env: ['EVENTS_SINK'],
    placeholder: 'URL',
    meaning:
      'Where leader changes are announced as CloudEvents, a Broker for instance. Without it only Kubernetes Events are written.',
  },
  trustedSender: {
    kind: 'text',
    flag: 'trusted-sender',
    form: 'serviceAccount',
    placeholder: 'SUBJECT',
    meaning:
      'Token subject of the bridge, system:serviceaccount:NS:NAME. Only its snapshots are believed. Without it every event is a hint: the state is read before anything is decided.',
  },
  audience: {
    kind: 'text',
    flag: 'audience',
    placeholder: 'NAME',
    default: 'zen-lead',
    meaning: 'Audience that the token must be made for.',
    why: 'A name of our own: a token for the API server must not work here, nor this one there.',
  },
  acceptHints: {
    kind: 'switch',
    flag: 'accept-hints',
    meaning: 'With --trusted-sender: take events without a token as hints instead of answering 401.',
  },
  keep: {
    kind: 'switch',
    flag: 'keep',
    meaning: 'Leave everything running until Ctrl-C, to try kubectl by hand.',
  },
  logLevel: {
    kind: 'choice',
    flag: 'log-level',
    env: ['LOG_LEVEL'],
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    placeholder: 'LEVEL',
    default: 'info',
    meaning: 'Lines below this level are not written.',
    why: 'info is one line a leader change; debug adds one for every reconcile that changed nothing.',
  },
  noColor: {
    kind: 'switch',
    env: ['NO_COLOR'],
    meaning: 'Any value: no colour, not even on a terminal (https://no-color.org).',
  },
} as const satisfies Settings;
