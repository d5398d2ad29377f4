/**
 * Plays the story of the demo on a screen while it happens. The steps: annotate, see a leader, kill
 * it, see another one, delete that one gracefully, let the next one hang.
 *
 * Guarantees: it shows only what it observed. When a step does not come it rejects, and names what
 * did not happen.
 */

import { annotation } from '../../lib/selection/names.ts';
import type { DemoCluster } from './cluster/demoCluster.ts';
import { PROBE_EVERY_MS } from './cluster/kubelet.ts';
import { ASK_EVERY_MS } from './leaderClient.ts';
import { HEALTH_PORT, LEADER_SERVICE, POD_NAMES, SERVICE } from './postgres.ts';
import { renderFailover } from './renderFailover.ts';
import { MAX_CELLS, type Mark, renderTimeline } from './renderTimeline.ts';
import type { Screen } from './screen.ts';

/** Far above what a step takes even on a busy machine; the demo must fail rather than hang. */
const STEP_WITHIN_MS = 15_000;
/** What the picture shows before and after what happens. */
const QUIET_MS = 800;

export async function tellStory(cluster: DemoCluster, screen: Screen): Promise<void> {
  await showWorkload(cluster, screen);
  const first = await showOptIn(cluster, screen);
  const second = await showKill(cluster, screen, first);
  const third = await showPlannedMove(cluster, screen, second);
  await showHang(cluster, screen, third);
}

async function showWorkload(cluster: DemoCluster, screen: Screen): Promise<void> {
  screen.title('zen-lead demo: three PostgreSQL pods, one Service, one leader');
  await untilAllReady(cluster, 0);
  screen.line();
  screen.line(`   Kubernetes API   ${cluster.url} (embedded, in memory)`);
  screen.line(`   pods             ${POD_NAMES.join(', ')}, all Ready`);
  screen.line(`   Service          ${SERVICE}, selects all three`);
}

async function showOptIn({ journal, annotateService }: DemoCluster, screen: Screen): Promise<string> {
  screen.step(1, 'Annotate the Service');
  screen.command(`kubectl annotate service ${SERVICE} ${annotation.enabled}=true`);
  const askedAt = performance.now();
  await annotateService({ [annotation.enabled]: 'true' });
  const { pod, at } = await journal.waitFor({
    kind: 'routed',
    what: `${LEADER_SERVICE} routed to a pod`,
    since: askedAt,
    withinMs: STEP_WITHIN_MS,
    matches: () => true,
  });
  screen.result(`${LEADER_SERVICE} appeared and routes to ${pod}, ${Math.ceil(at - askedAt)} ms later`);
  return pod;
}

async function showKill(cluster: DemoCluster, screen: Screen, leader: string): Promise<string> {
  screen.step(2, `Kill the leader; a client asks ${1_000 / ASK_EVERY_MS} times a second who answers`);
  await untilAnswers(cluster, leader);
  const killedAt = performance.now();
  cluster.crashPod(leader);
  const [notReady, moved] = await Promise.all([
    cluster.journal.waitFor({
      kind: 'notReady',
      what: `${leader} found not Ready`,
      since: killedAt,
      withinMs: STEP_WITHIN_MS,
      matches: ({ pod }) => pod === leader,
    }),
    untilMoved(cluster, leader, killedAt),
  ]);
  await untilAnswers(cluster, moved.to);
  drawTimeline(cluster, screen, killedAt, [
    { at: killedAt, text: `${leader} killed` },
    { at: moved.routedAt, text: 'route changed' },
  ]);
  for (const line of renderFailover({ from: leader, killedAt, notReadyAt: notReady.at, ...moved })) screen.line(line);
  screen.line(`   (This kubelet probes every ${PROBE_EVERY_MS} ms; the default is every 10 s.)`);
  await cluster.journal.waitFor({
    kind: 'ready',
    what: `${leader} restarted and Ready`,
    since: killedAt,
    withinMs: STEP_WITHIN_MS,
    matches: ({ pod }) => pod === leader,
  });
  await untilAnswers(cluster, moved.to);
  screen.result(`${leader} is Ready again; ${moved.to} stays the leader`);
  return moved.to;
}

async function showPlannedMove(cluster: DemoCluster, screen: Screen, leader: string): Promise<string> {
  screen.step(3, 'Delete the leader, as a drain or a rollout does');
  screen.command(`kubectl delete pod ${leader}`);
  const deletedAt = performance.now();
  await cluster.deletePod(leader);
  const { to, routedAt } = await untilMoved(cluster, leader, deletedAt);
  await untilAnswers(cluster, to);
  drawTimeline(cluster, screen, deletedAt, [{ at: deletedAt, text: `${leader} deleted` }]);
  const unanswered = cluster.answersSince(deletedAt).filter(({ from }) => from === null).length;
  screen.line(`   ${leader} -> ${to}: left ${Math.ceil(routedAt - deletedAt)} ms after the delete, before it ended`);
  screen.result(unanswered === 0 ? 'every question was answered' : `${unanswered} questions had no answer`);
  return to;
}

/** What the bound for a hang is: 100 + 2 x 100 + 50 ms. */
const quickCheck = {
  [annotation.healthCheck]: `http://:${HEALTH_PORT}/health`,
  [annotation.healthCheckInterval]: '100ms',
  [annotation.healthCheckTimeout]: '100ms',
  [annotation.healthCheckFailureThreshold]: '2',
};

async function showHang(cluster: DemoCluster, screen: Screen, leader: string): Promise<void> {
  screen.step(4, 'Let the leader hang: it accepts connections and answers nothing');
  for (const [key, value] of Object.entries(quickCheck))
    screen.command(`kubectl annotate service ${SERVICE} \\\n       ${key}=${value}`);
  await cluster.annotateService(quickCheck);
  await untilAnswers(cluster, leader);
  const hungAt = performance.now();
  cluster.hangPod(leader);
  const { to, routedAt, answeredAt } = await untilMoved(cluster, leader, hungAt);
  await untilAnswers(cluster, to);
  // The client waits for a pod that hangs, and the picture for the client.
  await cluster.untilAnswered();
  drawTimeline(cluster, screen, hungAt, [
    { at: hungAt, text: `${leader} hangs` },
    { at: routedAt, text: 'route changed' },
  ]);
  screen.line(`   ${leader} -> ${to}: left ${Math.ceil(routedAt - hungAt)} ms after it hung, by the health check;`);
  screen.line(
    `   first answer ${Math.ceil(answeredAt - routedAt)} ms later. Its readiness probe (tcpSocket) still passes.`,
  );
  cluster.wakePod(leader);
  await untilAnswers(cluster, to);
  screen.result(`${leader} goes on; ${to} stays the leader`);
}

async function untilAllReady({ journal }: DemoCluster, since: number): Promise<void> {
  const ready = POD_NAMES.map((name) =>
    journal.waitFor({
      kind: 'ready',
      what: `${name} Ready`,
      since,
      withinMs: STEP_WITHIN_MS,
      matches: ({ pod }) => pod === name,
    }),
  );
  await Promise.all(ready);
}

/** Waits until that pod has answered for a while, so that the pictures begin and end calmly. */
async function untilAnswers({ journal }: DemoCluster, leader: string): Promise<void> {
  let left = Math.ceil(QUIET_MS / ASK_EVERY_MS);
  await journal.waitFor({
    kind: 'answered',
    what: `${left} answers by ${leader}`,
    since: performance.now(),
    withinMs: STEP_WITHIN_MS,
    matches: ({ pod }) => {
      if (pod === leader) left -= 1;
      return left <= 0;
    },
  });
}

async function untilMoved(
  { journal }: DemoCluster,
  from: string,
  since: number,
): Promise<{ readonly to: string; readonly routedAt: number; readonly answeredAt: number }> {
  const routed = await journal.waitFor({
    kind: 'routed',
    what: `${LEADER_SERVICE} routed away from ${from}`,
    since,
    withinMs: STEP_WITHIN_MS,
    matches: ({ pod }) => pod !== from,
  });
  const answered = await journal.waitFor({
    kind: 'answered',
    what: `an answer by ${routed.pod}`,
    since: routed.at,
    withinMs: STEP_WITHIN_MS,
    matches: ({ pod }) => pod === routed.pod,
  });
  return { to: routed.pod, routedAt: routed.at, answeredAt: answered.at };
}

function drawTimeline(cluster: DemoCluster, screen: Screen, around: number, marks: readonly Mark[]): void {
  const answers = cluster.answersSince(around - QUIET_MS).slice(0, MAX_CELLS);
  screen.line();
  screen.picture(renderTimeline({ names: POD_NAMES, answers, marks, cellMs: ASK_EVERY_MS }));
  screen.line();
}
