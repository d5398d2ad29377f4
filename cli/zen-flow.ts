#!/usr/bin/env node
/**
 * Starts zen-flow: reads the command line, loads the one command that it names, and turns its end
 * into an exit code.
 */

import { type CommandLineOf, configPathOf, readCommandLine } from '../lib/config/parseCommandLine.ts';
import { zenFlow } from '../lib/config/program.ts';
import { reportError } from './reportError.ts';

async function main(): Promise<void> {
  const line = await readSettings();
  if (line.kind !== 'command') return (await import('./printAbout.ts')).printAbout(line, zenFlow);
  switch (line.name) {
    case 'demo':
      return (await import('./flow/demo/demo.ts')).demo(line.values);
    case 'run':
      return (await import('./flow/run.ts')).run(line.values, readSettings);
    case 'bridge':
      return (await import('./flow/bridge.ts')).bridge(line.values, readSettings);
    case 'functions':
      return (await import('./flow/functions.ts')).functions(line.values, readSettings);
    case 'webhook':
      return (await import('./flow/webhook.ts')).webhook(line.values, readSettings);
    case 'lint':
      return (await import('./flow/lint.ts')).lint(line.values);
    case 'simulate':
      return (await import('./flow/simulateFlow.ts')).simulateFlow(line.values);
    case 'graph':
      return (await import('./flow/graph.ts')).graph(line.values);
    case 'record':
      return (await import('./flow/recording/record.ts')).record(line.values);
    case 'replay':
      return (await import('./flow/recording/replay.ts')).replay(line.values);
    case 'list':
      return (await import('./flow/listFlows.ts')).listFlows(line.values);
    case 'get':
      return (await import('./flow/getFlow.ts')).getFlow(line.values);
    case 'logs':
      return (await import('./flow/stepLogs.ts')).stepLogs(line.values);
    case 'explain':
      return (await import('./flow/explainFlow.ts')).explainFlow(line.values);
    case 'approve':
    case 'reject':
      return (await import('./flow/verbs.ts')).answer(line.values, line.name === 'approve');
    case 'retry':
      return (await import('./flow/verbs.ts')).retry(line.values);
    case 'skip':
      return (await import('./flow/verbs.ts')).skip(line.values);
    case 'suspend':
    case 'resume':
    case 'stop':
    case 'terminate':
      return (await import('./flow/verbs.ts')).change(line.values, line.name);
  }
}

async function readSettings(): Promise<CommandLineOf<typeof zenFlow>> {
  const args = process.argv.slice(2);
  const path = configPathOf(args, zenFlow);
  if (path === undefined) return readCommandLine(zenFlow, args, process.env);
  const { readConfigFile } = await import('../lib/config/configFile.ts');
  return readCommandLine(zenFlow, args, process.env, await readConfigFile(path));
}

try {
  await main();
} catch (error) {
  reportError('zen-flow', error);
}
