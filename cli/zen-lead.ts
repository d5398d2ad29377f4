#!/usr/bin/env node
/**
 * Starts the program: reads the command line, loads the one command that it names, and turns its
 * end into an exit code.
 *
 * Guarantees: it loads nothing that the command does not need, because a function that scales from
 * zero starts with it. An error of our own is one plain line; any other is a defect and shows its
 * stack.
 */

import { isMainThread } from 'node:worker_threads';
import { type CommandLine, configPathOf, parseCommandLine } from '../lib/config/parseCommandLine.ts';
import { zenLead } from '../lib/config/program.ts';
import { reportError } from './reportError.ts';

/**
 * A longer one would fire every millisecond:
 * https://nodejs.org/api/timers.html#setintervalcallback-delay-args
 */
const LONGEST_TIMER_MS = 2_147_483_647;

async function main(): Promise<void> {
  const line = await readSettings();
  if (line.kind !== 'command') return (await import('./printAbout.ts')).printAbout(line, zenLead);
  switch (line.name) {
    case 'demo':
      return (await import('./commands/demo.ts')).demo(line.values);
    case 'run':
      return (await import('./commands/run.ts')).run(line.values, readSettings);
    case 'bridge':
      return (await import('./commands/bridge.ts')).bridge(line.values, readSettings);
    case 'functions':
      return (await import('./commands/functions.ts')).functions(line.values, readSettings);
    case 'api':
      return (await import('./commands/api.ts')).api(line.values, readSettings);
    case 'lock':
      return (await import('./commands/lock.ts')).lock(line.values, process.env);
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
    case 'report':
      return (await import('./commands/report.ts')).report(line.values);
    case 'completion':
      return (await import('./commands/completion.ts')).completion(line.values);
  }
}

async function readSettings(): Promise<CommandLine> {
  const args = process.argv.slice(2);
  const path = configPathOf(args);
  if (path === undefined) return parseCommandLine(args, process.env);
  const { readConfigFile } = await import('../lib/config/configFile.ts');
  return parseCommandLine(args, process.env, await readConfigFile(path));
}

/** In a bundle of one file the threads of health checks start with the whole program. */
async function serveAsThread(): Promise<void> {
  await import('../bridge/probes/threads/probeThreads.ts');
}

async function start(): Promise<void> {
  // No timer of the bridge keeps a process alive (bridge/clock.ts). While every watch waits for an
  // API server to come back, nothing else would. `record` and `status --watch` ended then, with
  // Node's warning that main had not.
  const staysAlive = setInterval(() => undefined, LONGEST_TIMER_MS);
  try {
    await main();
  } catch (error) {
    reportError('zen-lead', error);
  } finally {
    clearInterval(staysAlive);
  }
}

await (isMainThread ? start() : serveAsThread());
