#!/usr/bin/env node
/**
 * Starts the program: reads the command line, loads the one command that it names, and turns its
 * end into an exit code.
 *
 * Guarantees: it loads nothing that the command does not need, because a function that scales from
 * zero starts with it. An error of our own is one plain line; any other is a defect and shows its
 * stack.
 */

import { exitCodeOf } from '../lib/config/exitCode.ts';
import { parseCommandLine } from '../lib/config/parseCommandLine.ts';
import { codeOf } from '../lib/errors.ts';
import { escapeLines } from './escapeControls.ts';

/**
 * A longer one would fire every millisecond:
 * https://nodejs.org/api/timers.html#setintervalcallback-delay-args
 */
const LONGEST_TIMER_MS = 2_147_483_647;

async function main(): Promise<void> {
  const line = parseCommandLine(process.argv.slice(2), process.env);
  if (line.kind === 'help') {
    const { renderHelp } = await import('../lib/config/renderHelp.ts');
    process.stdout.write(renderHelp(line.command));
    return;
  }
  if (line.kind === 'version') {
    const { build } = await import('../lib/telemetry/build.ts');
    process.stdout.write(`${build.version}\n`);
    return;
  }
  switch (line.name) {
    case 'demo':
      return (await import('./commands/demo.ts')).demo(line.values);
    case 'run':
      return (await import('./commands/run.ts')).run(line.values);
    case 'bridge':
      return (await import('./commands/bridge.ts')).bridge(line.values);
    case 'functions':
      return (await import('./commands/functions.ts')).functions(line.values);
    case 'record':
      return (await import('./commands/record.ts')).record(line.values);
    case 'replay':
      return (await import('./commands/replay.ts')).replay(line.values);
    case 'explain':
      return (await import('./commands/explain.ts')).explain(line.values);
    case 'status':
      return (await import('./commands/status.ts')).status(line.values);
    case 'switchover':
      return (await import('./commands/switchover.ts')).switchover(line.values);
    case 'pin':
      return (await import('./commands/pin.ts')).pin(line.values);
    case 'unpin':
      return (await import('./commands/pin.ts')).unpin(line.values);
    case 'pause':
      return (await import('./commands/pause.ts')).pause(line.values);
    case 'resume':
      return (await import('./commands/pause.ts')).resume(line.values);
    case 'completion':
      return (await import('./commands/completion.ts')).completion(line.values);
  }
}

// No timer of the bridge keeps a process alive (bridge/clock.ts). While every watch waits for an
// API server to come back, nothing else would. `record` and `status --watch` ended then, with
// Node's warning that main had not.
const staysAlive = setInterval(() => undefined, LONGEST_TIMER_MS);
try {
  await main();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  const hint = process.exitCode === 2 ? '; see zen-lead --help' : '';
  const isOurs = error instanceof Error && codeOf(error) !== undefined;
  process.stderr.write(`${escapeLines(`zen-lead: ${isOurs ? `${error.message}${hint}` : describe(error)}`)}\n`);
} finally {
  clearInterval(staysAlive);
}

/**
 * A port that is taken or a folder that is not there is not a defect. The system's message is
 * enough, and a stack would hide it.
 */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'syscall' in error ? error.message : (error.stack ?? error.message);
}
