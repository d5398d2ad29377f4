/**
 * Renders a failover of the demo by its parts: how long no pod answered, and what that time was
 * spent on.
 *
 * Pure. All instants are milliseconds of `performance.now()`.
 */

export interface Failover {
  readonly from: string;
  readonly to: string;
  readonly killedAt: number;
  /** The kubelet found the pod not Ready and wrote it down. */
  readonly notReadyAt: number;
  /** The EndpointSlice had changed and the proxy had seen it. */
  readonly routedAt: number;
  readonly answeredAt: number;
}

export function renderFailover({ from, to, killedAt, notReadyAt, routedAt, answeredAt }: Failover): readonly string[] {
  const row = (what: string, durationMs: number, who: string) =>
    `     ${what.padEnd(33)}${`${formatMs(durationMs)} ms`.padStart(10)}   ${who}`;
  return [
    `   ${from} -> ${to}: no pod answered for ${formatMs(answeredAt - killedAt)} ms`,
    row('process killed -> pod NotReady', notReadyAt - killedAt, "the kubelet's probe"),
    row('pod NotReady -> route changed', routedAt - notReadyAt, 'zen-lead'),
    row('route changed -> first answer', answeredAt - routedAt, "the client's next question"),
  ];
}

/** Tenths below 10 ms, where they matter. */
function formatMs(durationMs: number): string {
  return durationMs < 10 ? Math.max(durationMs, 0).toFixed(1) : durationMs.toFixed(0);
}
