/**
 * The settings of what runs for long: demo, run, bridge and functions. Which command takes which
 * row stands in commands.ts.
 */

import type { Settings } from './setting.ts';

/** A TCP port has 16 bits. */
const MAX_PORT = 65_535;

const port = {
  kind: 'integer',
  flag: 'port',
  placeholder: 'N',
  unit: 'TCP port',
  min: 0,
  max: MAX_PORT,
  zero: 'any free port, which the log line names',
} as const;

export const serverSettings = {
  config: {
    kind: 'text',
    flag: 'config',
    placeholder: 'FILE',
    meaning:
      'YAML with settings: flags of this command without their dashes, as "log-level: debug"; a flag that may be repeated takes a list, and one without a value takes true or false. Flags and variables win over it. A change of log-level applies within seconds; a change of anything else is logged and waits for a restart, because ports, watches and the Lease are taken at the start.',
    absent: 'flags and variables alone count',
  },
  kubeconfig: {
    kind: 'text',
    flag: 'kubeconfig',
    placeholder: 'FILE',
    meaning: 'Kubeconfig of the cluster.',
    absent: 'zen-lead uses the cluster that it runs in, else $KUBECONFIG, else ~/.kube/config',
  },
  kubeconfigVariable: {
    kind: 'text',
    env: ['KUBECONFIG'],
    placeholder: 'FILE',
    meaning: 'Kubeconfig, where --kubeconfig is absent and zen-lead runs outside a cluster.',
    absent: 'zen-lead reads ~/.kube/config',
  },
  kubernetesServiceHost: {
    kind: 'text',
    env: ['KUBERNETES_SERVICE_HOST'],
    placeholder: 'HOST',
    meaning:
      'Address of the API server, which the kubelet sets in every pod. With it, and without --kubeconfig, zen-lead uses the service account of its pod.',
    absent: 'zen-lead runs outside a cluster',
  },
  kubernetesServicePort: {
    kind: 'text',
    env: ['KUBERNETES_SERVICE_PORT_HTTPS', 'KUBERNETES_SERVICE_PORT'],
    placeholder: 'PORT',
    default: '443',
    meaning: 'Port of the API server, which the kubelet sets beside KUBERNETES_SERVICE_HOST.',
    why: 'The API server’s own Service listens on 443 unless the cluster says otherwise.',
  },
  home: {
    kind: 'text',
    env: ['HOME'],
    placeholder: 'DIR',
    meaning: 'Folder of .kube/config, which zen-lead tries last.',
    absent: 'zen-lead does not try it',
  },
  clusterName: {
    kind: 'text',
    flag: 'cluster-name',
    placeholder: 'NAME',
    default: 'kubernetes',
    meaning: 'Name of this cluster in the source of every event, /clusters/NAME.',
    why: 'A cluster of kubeadm has this name unless it is given another.',
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
    meaning: 'Port of the live page, /v1, /livez, /readyz and /metrics.',
    why: 'It stands beside 8080, so that both halves can share a host network or a laptop.',
  },
  demoPort: {
    ...port,
    default: 0,
    meaning: 'Port of the embedded Kubernetes API, on 127.0.0.1.',
    why: 'The demo writes a kubeconfig that holds the port, and two demos can run side by side.',
  },
  probeHostNetwork: {
    kind: 'switch',
    flag: 'probe-host-network',
    meaning:
      'Let health checks probe pods on the host network, too. Their addresses are those of nodes, where a check can reach what the node serves.',
  },
  maxProbesPerSecond: {
    kind: 'integer',
    flag: 'max-probes-per-second',
    placeholder: 'N',
    unit: 'probes a second',
    min: 1,
    max: 100_000,
    default: 2_000,
    zero: 'refused, because a Service without a health check costs nothing already',
    meaning:
      'How many probes of health checks start in a second. Where Services ask for more, all intervals stretch evenly.',
    why: 'A probe costs some 150 µs of a processor, so 2,000 of them take a third of a core.',
  },
  statusHosts: {
    kind: 'list',
    flag: 'status-host',
    form: 'objectName',
    placeholder: 'NAME',
    emptyMeans: 'IP addresses and localhost',
    meaning:
      'Host name that the live page and /v1 answer for, beside IP addresses and localhost; may be repeated. Others get 421, so that no web page reads leaders through a name of its own. Probes and /metrics answer for every name.',
  },
  metricsPerServiceLimit: {
    kind: 'integer',
    flag: 'metrics-per-service-limit',
    placeholder: 'N',
    unit: 'Services',
    min: 0,
    max: 100_000,
    default: 1_000,
    zero: 'no Service and no namespace has series of its own',
    meaning:
      'How many Services have series of their own in /metrics. The others share one series with empty labels: counters count there, gauges show the worst.',
    why: 'A Service costs about 20 series. 1,000 of them are a page of 2 MB; more pages than series help few.',
  },
  host: {
    kind: 'text',
    flag: 'host',
    placeholder: 'ADDRESS',
    meaning: 'Address to listen on.',
    absent:
      'zen-lead listens on every address inside a cluster, where probes and scrapes come to the pod’s own, and on 127.0.0.1 elsewhere',
  },
  sink: {
    kind: 'url',
    isSink: true,
    flag: 'sink',
    env: ['K_SINK'],
    placeholder: 'URL',
    required: true,
    meaning:
      'URL of the functions, to which the bridge sends events. They take events on every path. A SinkBinding sets K_SINK.',
  },
  ceOverrides: {
    kind: 'extensions',
    env: ['K_CE_OVERRIDES'],
    meaning:
      'Attributes to set on every event sent, as a SinkBinding gives them: {"extensions":{"name":"value"}}. At most 1,024 bytes in all, without control characters.',
    absent: 'events carry zen-lead’s own attributes',
  },
  caCerts: {
    kind: 'text',
    env: ['K_CA_CERTS'],
    form: 'certificates',
    placeholder: 'PEM',
    meaning: 'Certificates to trust for https sinks beside the system’s, as a SinkBinding gives them.',
    absent: 'zen-lead trusts the system’s alone',
  },
  tokenFile: {
    kind: 'text',
    flag: 'token-file',
    placeholder: 'FILE',
    meaning: 'Projected service-account token to send to the sink, read again every minute and after a 401.',
    absent: 'events carry no token, and functions with --trusted-sender refuse them or take them as hints',
  },
  attemptTimeoutMs: {
    kind: 'integer',
    flag: 'attempt-timeout-ms',
    placeholder: 'MS',
    unit: 'milliseconds',
    min: 1,
    max: 60_000,
    default: 1_000,
    zero: 'refused, because no answer would ever be in time',
    meaning: 'How long the bridge waits for the answer to an event with a snapshot.',
    why: 'Such an event costs the function one write, some 5 ms; a sink that takes a second hangs.',
  },
  hintTimeoutMs: {
    kind: 'integer',
    flag: 'hint-timeout-ms',
    placeholder: 'MS',
    unit: 'milliseconds',
    min: 1,
    max: 60_000,
    default: 2_500,
    zero: 'refused, because no answer would ever be in time',
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
    zero: 'refused, because what a lost event left wrong would stay so',
    meaning: 'How often every Service is reconciled again, spread over the interval.',
    why: 'Nothing stays wrong for longer. It wakes functions that scale to zero; give those an hour.',
  },
  leaseName: {
    kind: 'text',
    flag: 'lease-name',
    form: 'objectName',
    placeholder: 'NAME',
    default: 'zen-lead-bridge',
    meaning: 'Lease that says which replica sends first. Replicas that watch other namespaces need another one.',
    why: 'The roles in deploy/base give the bridge a right to this name.',
  },
  leaseNamespace: {
    kind: 'text',
    flag: 'lease-namespace',
    env: ['POD_NAMESPACE'],
    form: 'namespace',
    placeholder: 'NS',
    meaning: 'Namespace of the Lease.',
    absent: 'zen-lead uses that of the pod’s service account, or of the kubeconfig’s context, else default',
  },
  noLease: {
    kind: 'switch',
    flag: 'no-lease',
    meaning:
      'Take no Lease and always send, as a replica that is alone may. Two that both do so agree in the end, and do the work twice.',
  },
  deadLetterSink: {
    kind: 'url',
    isSink: true,
    flag: 'dead-letter-sink',
    env: ['DEAD_LETTER_SINK'],
    placeholder: 'URL',
    meaning: 'Where the bridge sends events that it gave up.',
    absent: 'the bridge counts and logs them',
  },
  eventsSink: {
    kind: 'url',
    isSink: true,
    flag: 'events-sink',
    env: ['EVENTS_SINK'],
    placeholder: 'URL',
    meaning: 'Where zen-lead announces leader changes as CloudEvents, a Broker for instance.',
    absent: 'zen-lead writes Kubernetes Events only',
  },
  trustedSender: {
    kind: 'text',
    flag: 'trusted-sender',
    form: 'serviceAccount',
    placeholder: 'SUBJECT',
    meaning:
      'Token subject of the bridge, system:serviceaccount:NS:NAME. Functions decide on snapshots of this sender only.',
    absent: 'every event is a hint, and functions read the state before they decide',
  },
  audience: {
    kind: 'text',
    flag: 'audience',
    placeholder: 'NAME',
    default: 'zen-lead',
    meaning: 'Audience that the token must be made for.',
    why: 'It is a name of our own: a token for the API server must not work here, nor this one there.',
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
    meaning: 'Leave out log lines below this level.',
    why: 'Level info is one line for each leader change; debug adds one for every reconcile that changed nothing.',
  },
  noColor: {
    kind: 'switch',
    env: ['NO_COLOR'],
    meaning: 'Any value turns colours off, also on a terminal (https://no-color.org).',
  },
} as const satisfies Settings;
