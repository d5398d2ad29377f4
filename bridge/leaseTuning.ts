/**
 * LeaseTuning: the numbers of the Lease, each with its reason. Defaults for `startLease`; tests shorten them.
 */

export interface LeaseTuning {
  /** How long a holder that says nothing more keeps the Lease. Failovers do not wait for it (hedge.ts); timers of replies and announcements do. */
  readonly durationMs: number;
  /** Between two attempts, and up to a quarter more: three of them fit into the duration. */
  readonly periodMs: number;
  /** Of one attempt: shorter than the period, so that two never overlap. */
  readonly attemptTimeoutMs: number;
}

/**
 * client-go's 15 s, 10 s and 2 s are long because losing its lease ends a program. Here it costs the next holder one look at every
 * Service, so a dead holder may be replaced sooner. One write every 2 s is what any controller of Kubernetes costs.
 * Source: https://pkg.go.dev/k8s.io/client-go/tools/leaderelection#LeaderElectionConfig
 */
export const defaultLeaseTuning: LeaseTuning = { durationMs: 6_000, periodMs: 2_000, attemptTimeoutMs: 1_500 };
