/**
 * Says what each error code means, and what a person who meets it can do.
 */

import type { ErrorCode } from '../../lib/errors.ts';

interface ErrorNote {
  readonly meaning: string;
  readonly todo: string;
}

/** Codes that heal by themselves, in the common case. */
const NOTHING = 'Nothing, unless it stays:';

export const errorReference: Readonly<Record<ErrorCode | 'INTERNAL', ErrorNote>> = {
  INPUT_INVALID: {
    meaning: 'A value that cannot be read. The message and `path` say where.',
    todo: 'Correct what sent it. In a log line of the bridge it is an object of the cluster: see the runbook of ZenLeadUnreadableObjects.',
  },
  INPUT_TOO_LARGE: {
    meaning: 'A request larger than 256 KiB.',
    todo: 'Send less: an event without its snapshot is a hint, and works.',
  },
  INPUT_UNSUPPORTED: {
    meaning: 'A content type that is no CloudEvent, or an event format, charset or content coding that is refused.',
    todo: 'Send one CloudEvent 1.0 in JSON, UTF-8, not compressed: structured, or binary with ce- headers.',
  },
  HEADERS_TOO_LARGE: {
    meaning: '431 from a function: headers of more than 80 KiB in all. An event may be 64 KiB.',
    todo: 'Send fewer or shorter attributes; or structured mode, where the body holds them.',
  },
  REQUEST_TIMEOUT: {
    meaning: '408 from a function: a request did not arrive whole within 5 s.',
    todo: `${NOTHING} the sender, or a proxy before the function, hangs.`,
  },
  CONFIG_INVALID: {
    meaning: 'A flag, an environment variable or the kubeconfig cannot be used.',
    todo: 'The message names it and what is accepted; [configuration](configuration.md) lists all of them.',
  },
  KUBE_CONFLICT: {
    meaning: '409: the object had changed since it was read. The state is read afresh and decided again, three times.',
    todo: `${NOTHING} another client writes the same object all the time. kubectl get --show-managed-fields names it.`,
  },
  KUBE_ALREADY_EXISTS: {
    meaning: '409: an object of that name has come in between. Read afresh, decided again.',
    todo: `${NOTHING} the name is taken, and a Warning Event on the Service says by what.`,
  },
  KUBE_NOT_FOUND: {
    meaning: '404: the object is gone, or the API is not served.',
    todo: `${NOTHING} check that discovery.k8s.io/v1 and events.k8s.io/v1 are served.`,
  },
  KUBE_GONE: {
    meaning: '410: the API server no longer knows the version asked for. Everything is listed again.',
    todo: `${NOTHING} lists take longer than the API server keeps its history.`,
  },
  KUBE_INVALID: {
    meaning: '400 or 422: the API server rejects what was to be written; or one of its objects cannot be read.',
    todo: 'Read the message: an admission policy or webhook may be in the way.',
  },
  KUBE_UNAUTHORIZED: {
    meaning: '401: the credentials do not hold, also not when read afresh.',
    todo: 'Renew the kubeconfig; in a cluster, check that the service account exists.',
  },
  KUBE_FORBIDDEN: {
    meaning: '403: a right is missing, or an admission policy refuses.',
    todo: 'Apply the roles again: kubectl auth can-i --list --as=system:serviceaccount:NS:NAME shows what is there.',
  },
  KUBE_NAMESPACE_TERMINATING: {
    meaning: '403: the namespace is being deleted; nothing can be made in it.',
    todo: 'Nothing.',
  },
  KUBE_TOO_MANY_REQUESTS: {
    meaning: '429: the API server has more than it can do. Its Retry-After is kept to.',
    todo: `${NOTHING} give our service accounts a FlowSchema, see [performance](../performance.md).`,
  },
  KUBE_EVICTION_REFUSED: {
    meaning: '429: a PodDisruptionBudget does not allow the eviction of a pod now.',
    todo: `${NOTHING} the pod stays; see [the old leader](annotations.md#the-old-leader).`,
  },
  KUBE_VERSION_TOO_LARGE: {
    meaning:
      '504: the API server does not know a version that it gave out before; etcd was restored, or this member is behind.',
    todo: 'Nothing: what it has is listed and taken.',
  },
  KUBE_UNAVAILABLE: {
    meaning: '5xx, or the connection was refused or cut.',
    todo: `${NOTHING} the API server is away, or something between is.`,
  },
  KUBE_WEBHOOK_FAILED: {
    meaning:
      '500: an admission webhook did not answer the API server. It holds up the Services that it is about, and no others.',
    todo: 'Repair the webhook, or exempt zen-lead’s objects from it.',
  },
  KUBE_TIMEOUT: {
    meaning: 'No answer in time; or the state that was decided on grew too old before it was written.',
    todo: `${NOTHING} see the runbook of ZenLeadHighAPICallLatency.`,
  },
  WATCH_BROKEN: {
    meaning: 'A watch ended in the middle of a line, or sent one that cannot be read. It is opened again.',
    todo: `${NOTHING} a proxy between bridge and API server cuts streams.`,
  },
  SINK_UNAVAILABLE: {
    meaning: 'The functions, or EVENTS_SINK, gave no answer or none that helps.',
    todo: 'See the runbook of ZenLeadSinkCircuitOpen.',
  },
  SINK_UNREACHABLE: {
    meaning: 'No connection to the functions: nothing was sent.',
    todo: 'Check --sink or K_SINK, the Service behind it, and the NetworkPolicy.',
  },
  UNAUTHENTICATED: {
    meaning:
      '401 from a function: no token, one that does not hold, or one in the query of the URL, where none is accepted.',
    todo: 'Check --token-file of the bridge, and that its audience is the --audience of the functions. Send a token in Authorization.',
  },
  REPORT_REFUSED: {
    meaning:
      '403 from a function: it accepts no verdicts from outside, or the caller may not `report` the `verdicts` of that Service.',
    todo: 'Start the functions with `--accept-verdicts`, and give the right: [a verdict from outside](../how-to/verdicts.md).',
  },
  WRONG_SENDER: {
    meaning: '403 from a function: a good token of another sender.',
    todo: 'Check --trusted-sender: system:serviceaccount:NAMESPACE:NAME of the bridge.',
  },
  PATH_UNKNOWN: {
    meaning: '404 from a function: a GET of a path without a page. No answer to a POST is 404.',
    todo: 'GET /livez, /readyz or /metrics; POST a CloudEvent.',
  },
  METHOD_NOT_ALLOWED: {
    meaning: '405 from a function: every path takes POST, and OPTIONS for the webhook handshake.',
    todo: 'POST a CloudEvent. For probes ask /livez and /readyz.',
  },
  BUSY: {
    meaning: '429 from a function: hints on 1,000 Services are being read already.',
    todo: `${NOTHING} allow more replicas.`,
  },
  ABORTED: {
    meaning: 'The caller has gone, or the process is stopping.',
    todo: `${NOTHING} the bridge waits less than a reconcile takes; see the runbook of ZenLeadSlowReconciliation.`,
  },
  REFUSED: {
    meaning: 'A command would not have the effect that was asked for.',
    todo: 'Read the message: it says what stands against it.',
  },
  DEMO_FAILED: {
    meaning: 'A step of `zen-lead demo` did not happen in time.',
    todo: 'Run it again on a machine that is less busy; if it stays, it is a defect.',
  },
  INTERNAL: {
    meaning: 'An error without a code: a defect of zen-lead.',
    todo: 'Report it, with the log line and, if there is one, the recording.',
  },
};
