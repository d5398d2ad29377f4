/**
 * LeaseTuning: the numbers of the Lease, each with its reason. Tests shorten them.
 */

export interface LeaseTuning {
  /**
   * How long a silent holder keeps the Lease. Failovers do not wait for it (hedge.ts);
   * announcements and carries do.
   */
  readonly durationMs: number;
  /**
   * Between two attempts, and up to a quarter more; where an attempt takes longer, the next one
   * comes at the next turn.
   */
  readonly periodMs: number;
  /** Of one attempt. Two that fail, one after the other, still leave the Lease to its holder. */
  readonly attemptTimeoutMs: number;
}

/**
 * client-go's 15 s (renewed for 10 s, every 2 s) are long because losing its lease ends a program.
 * Here it costs the next holder one reconcile of every Service, so a dead holder may be replaced
 * sooner. Yet an API server that takes seconds to answer must not turn every event into a hint,
 * which is three reads more. One small write every 2 s is what any controller of Kubernetes costs.
 * Source: https://pkg.go.dev/k8s.io/client-go/tools/leaderelection#LeaderElectionConfig
 */
export const defaultLeaseTuning: LeaseTuning = { durationMs: 10_000, periodMs: 2_000, attemptTimeoutMs: 4_000 };
