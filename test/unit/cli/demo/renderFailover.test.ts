import { expect, it } from 'vitest';
import { renderFailover } from '../../../../cli/demo/renderFailover.ts';

it('splits the time in which no pod answered into parts that add up', () => {
  const lines = renderFailover({
    from: 'postgres-0',
    to: 'postgres-1',
    killedAt: 1_000,
    notReadyAt: 1_250,
    routedAt: 1_254.25,
    answeredAt: 1_290,
  });
  expect(lines).toEqual([
    '   postgres-0 -> postgres-1: no pod answered for 290 ms',
    "     process killed -> pod NotReady       250 ms   the kubelet's probe",
    '     pod NotReady -> route changed        4.3 ms   zen-lead',
    "     route changed -> first answer         36 ms   the client's next question",
  ]);
});
