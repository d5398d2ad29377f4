/**
 * Runs a command of `zen-lead` as a person types it, in this process. It reads the command line and
 * runs the command as cli/zen-lead.ts does, without the second that a process takes to start. One
 * at a time.
 */

import { vi } from 'vitest';
import { explain } from '../../../cli/commands/explain.ts';
import { pause, resume } from '../../../cli/commands/pause.ts';
import { pin, unpin } from '../../../cli/commands/pin.ts';
import { replay } from '../../../cli/commands/replay.ts';
import { report } from '../../../cli/commands/report.ts';
import { status } from '../../../cli/commands/status.ts';
import { switchover } from '../../../cli/commands/switchover.ts';
import { explainFlow } from '../../../cli/flow/explainFlow.ts';
import { getFlow } from '../../../cli/flow/getFlow.ts';
import { graph } from '../../../cli/flow/graph.ts';
import { lint } from '../../../cli/flow/lint.ts';
import { listFlows } from '../../../cli/flow/listFlows.ts';
import { replay as replayFlows } from '../../../cli/flow/recording/replay.ts';
import { simulateFlow } from '../../../cli/flow/simulateFlow.ts';
import { stepLogs } from '../../../cli/flow/stepLogs.ts';
import { answer, change, retry, skip } from '../../../cli/flow/verbs.ts';
import { exitCodeOf } from '../../../lib/config/exitCode.ts';
import {
  type CommandLine,
  type CommandLineOf,
  parseCommandLine,
  readCommandLine,
} from '../../../lib/config/parseCommandLine.ts';
import { zenFlow } from '../../../lib/config/program.ts';
import { toPrinted, toTyped } from '../storyElection.ts';

export interface Typed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function typeCommand(...args: readonly string[]): Promise<Typed> {
  return capture(() => runCommand(parseCommandLine(toTyped(args), {}))).then(({ code, stdout, stderr }) => ({
    ...{ code, stdout: toPrinted(stdout), stderr: toPrinted(stderr) },
  }));
}

/** The same for `zen-flow`. */
export function typeFlowCommand(...args: readonly string[]): Promise<Typed> {
  return capture(() => runFlowCommand(readCommandLine(zenFlow, args, {})));
}

async function capture(run: () => Promise<void>): Promise<Typed> {
  let stdout = '';
  let stderr = '';
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      stdout += String(text);
      return true;
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      stderr += String(text);
      return true;
    }),
  ];
  const forget = rememberListeners();
  process.exitCode = 0;
  try {
    await run();
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    stderr += error instanceof Error ? error.message : String(error);
  } finally {
    for (const spy of spies) spy.mockRestore();
    forget();
  }
  const code = Number(process.exitCode);
  process.exitCode = 0;
  return { code, stdout, stderr };
}

async function runCommand(line: CommandLine): Promise<void> {
  if (line.kind !== 'command') throw new Error(`no command: ${line.kind}`);
  switch (line.name) {
    case 'explain':
      return explain(line.values);
    case 'pause':
      return pause(line.values);
    case 'pin':
      return pin(line.values);
    case 'replay':
      return replay(line.values);
    case 'resume':
      return resume(line.values);
    case 'status':
      return status(line.values);
    case 'report':
      return report(line.values);
    case 'switchover':
      return switchover(line.values);
    case 'unpin':
      return unpin(line.values);
    default:
      throw new Error(`${line.name} is not typed in tests`);
  }
}

async function runFlowCommand(line: CommandLineOf<typeof zenFlow>): Promise<void> {
  if (line.kind !== 'command') throw new Error(`no command: ${line.kind}`);
  switch (line.name) {
    case 'lint':
      return lint(line.values);
    case 'simulate':
      return simulateFlow(line.values);
    case 'graph':
      return graph(line.values);
    case 'list':
      return listFlows(line.values);
    case 'get':
      return getFlow(line.values);
    case 'logs':
      return stepLogs(line.values);
    case 'explain':
      return explainFlow(line.values);
    case 'approve':
    case 'reject':
      return answer(line.values, line.name === 'approve');
    case 'retry':
      return retry(line.values);
    case 'skip':
      return skip(line.values);
    case 'replay':
      return replayFlows(line.values);
    case 'suspend':
    case 'resume':
    case 'stop':
    case 'terminate':
      return change(line.values, line.name);
  }
}

/** A process has one command and needs no tidying up; this one has many. */
function rememberListeners(): () => void {
  const places: readonly (readonly [NodeJS.EventEmitter, string])[] = [
    [process, 'SIGTERM'],
    [process, 'SIGINT'],
    [process.stdout, 'error'],
  ];
  const before = places.map(([emitter, event]) => new Set(emitter.listeners(event)));
  return () => {
    for (const [index, [emitter, event]] of places.entries())
      for (const listener of emitter.listeners(event))
        if (!before[index]?.has(listener)) emitter.removeListener(event, listener as () => void);
  };
}
