#!/usr/bin/env node
/**
 * Starts zen-flow: reads the command line, loads the one command that it names, and turns its end
 * into an exit code.
 */

import { readCommandLine } from '../lib/config/parseCommandLine.ts';
import { zenFlow } from '../lib/config/program.ts';
import { reportError } from './reportError.ts';

async function main(): Promise<void> {
  const line = readCommandLine(zenFlow, process.argv.slice(2), process.env);
  if (line.kind !== 'command') return (await import('./printAbout.ts')).printAbout(line, zenFlow);
  switch (line.name) {
    case 'demo':
      return (await import('./flow/demo/demo.ts')).demo(line.values);
    case 'run':
      return (await import('./flow/run.ts')).run(line.values);
    case 'lint':
      return (await import('./flow/lint.ts')).lint(line.values);
    case 'simulate':
      return (await import('./flow/simulateFlow.ts')).simulateFlow(line.values);
    case 'graph':
      return (await import('./flow/graph.ts')).graph(line.values);
  }
}

try {
  await main();
} catch (error) {
  reportError('zen-flow', error);
}
