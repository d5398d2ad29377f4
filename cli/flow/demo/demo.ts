/**
 * Runs `zen-flow demo`, which shows a flow of eight steps without a cluster. The bridge runs in a
 * process of its own, is killed while a step runs, and another one goes on.
 *
 * Guarantees: what does not happen ends it with an error, never with a picture of success. It
 * leaves no file and no process behind.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedApiServer, startApiServer } from '../../../apiserver/startApiServer.ts';
import { jobFlowCrd } from '../../../deploy/flow/jobFlowCrd.ts';
import { jobFlowRecordCrd } from '../../../deploy/flow/jobFlowRecordCrd.ts';
import { jobFlowScheduleCrd } from '../../../deploy/flow/jobFlowScheduleCrd.ts';
import type { flowCommands } from '../../../lib/config/flowCommands.ts';
import type { ValuesOf } from '../../../lib/config/setting.ts';
import { ZenLeadError } from '../../../lib/errors.ts';
import { requestPrefix } from '../../../lib/flow/state/names.ts';
import { hasEnded } from '../../../lib/flow/state/record.ts';
import { startJobController } from '../../demo/jobs/jobController.ts';
import { createScreen, type Screen } from '../../demo/screen.ts';
import { waitForStopSignal } from '../../stopSignal.ts';
import { type FlowJournal, type StepSeen, startFlowJournal } from './flowJournal.ts';
import { endOf, FLOW, nightlyFlow, QUESTION, RETRIED, SLOW } from './nightlyFlow.ts';
import { renderRun } from './renderRun.ts';

const names = nightlyFlow.spec.steps.map(({ name }) => name);

export async function demo(values: ValuesOf<(typeof flowCommands)['demo']['settings']>): Promise<void> {
  const stopped = waitForStopSignal();
  const screen = createScreen(process.stdout, process.stdout.isTTY === true && !values.noColor);
  await using open = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'zen-flow-demo-'));
  open.defer(() => rm(directory, { recursive: true }));
  const server = await startApiServer();
  open.defer(() => server.close());
  for (const definition of [jobFlowCrd, jobFlowRecordCrd, jobFlowScheduleCrd]) server.objects.create(definition);
  const controller = startJobController({ objects: server.objects, endOf });
  open.defer(() => controller.close());
  const kubeconfig = join(directory, 'kubeconfig');
  await server.writeKubeconfig(kubeconfig);
  const bridges = startBridges(kubeconfig, values.logLevel);
  open.defer(() => bridges.close());
  const journal = startFlowJournal(server, (step) => screen.line(describe(step)));
  open.defer(() => journal.close());
  await Promise.race([tell({ server, journal, bridges, screen }), stopped, bridges.failed]);
}

interface Stage {
  readonly server: EmbeddedApiServer;
  readonly journal: FlowJournal;
  readonly bridges: Bridges;
  readonly screen: Screen;
}

async function tell({ server, journal, bridges, screen }: Stage): Promise<void> {
  const isRunning = (step: string) => journal.step(step)?.phase === 'Running';
  screen.title('zen-flow demo: a flow of eight steps, on an embedded Kubernetes API');
  screen.step(1, 'Apply the flow');
  screen.command(`kubectl apply -f ${FLOW.name}.yaml`);
  bridges.start();
  server.objects.create(nightlyFlow);
  await journal.waitFor('three steps run at once', () => ['clean', SLOW, 'score'].every(isRunning));

  screen.step(2, `Kill the bridge while ${SLOW} runs (kill -9), and start another one`);
  await bridges.kill();
  screen.result('killed; the Jobs run on');
  bridges.start();
  await journal.waitFor(`${RETRIED} runs a second time`, () => (journal.step(RETRIED)?.attempt ?? 0) > 1);
  await journal.waitFor('the question', () => journal.step(QUESTION)?.phase === 'PendingApproval');

  screen.step(3, 'Answer the question');
  const answer = { [`${requestPrefix.approved}/${QUESTION}`]: 'true' };
  screen.command(`kubectl annotate jobflow ${FLOW.name} ${requestPrefix.approved}/${QUESTION}=true`);
  server.objects.patch({ resource: 'jobflows', ...FLOW }, { metadata: { annotations: answer } });
  await journal.waitFor('the end of the flow', () => names.every((name) => isOver(journal, name)));

  screen.step(4, 'How it ran');
  screen.picture(renderRun(names, journal.seen, journal.now()));
  checkOnce(journal);
  const jobs = journal.made.length;
  screen.result(`${jobs} Jobs for 7 steps with one retry: no attempt was started twice`);
}

function isOver(journal: FlowJournal, name: string): boolean {
  const step = journal.step(name);
  return step !== undefined && hasEnded(step);
}

function checkOnce({ made, step }: FlowJournal): void {
  const doubled = made.filter((attempt, index) => made.indexOf(attempt) !== index);
  const failed = names.filter((name) => step(name)?.phase !== 'Succeeded');
  if (doubled.length === 0 && failed.length === 0) return;
  const message = `started twice: ${doubled.join(', ') || 'none'}; not succeeded: ${failed.join(', ') || 'none'}`;
  throw new ZenLeadError('DEMO_FAILED', message, { retry: 'never' });
}

function describe({ at, name, phase, reason, attempt }: StepSeen): string {
  const more = phase === 'Pending' ? `${reason}, attempt ${attempt} follows` : attempt > 1 ? `attempt ${attempt}` : '';
  return `   ${(at / 1_000).toFixed(1).padStart(5)} s  ${name.padEnd(8)} ${phase} ${more}`.trimEnd();
}

interface Bridges {
  start(): void;
  /** As the kernel or a node that dies: it cannot clean up. */
  kill(): Promise<void>;
  /** Rejects when one ends by itself. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

function startBridges(kubeconfig: string, logLevel: string): Bridges {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  let running: ChildProcess | null = null;

  async function kill(): Promise<void> {
    const child = running;
    running = null;
    if (child === null || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  return {
    failed: failed.promise,
    start() {
      // Itself, as it was started: the TypeScript of a checkout, or the bundle.
      const program = process.argv[1] ?? '';
      const args = ['run', '--kubeconfig', kubeconfig, '--no-lease', '--port', '0', '--log-level', logLevel];
      const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
      running = child;
      child.once('exit', (code) => {
        const message = `the bridge ended by itself, with exit code ${code}`;
        if (running === child) failed.reject(new ZenLeadError('DEMO_FAILED', message, { retry: 'never' }));
      });
    },
    kill,
    close: kill,
  };
}
