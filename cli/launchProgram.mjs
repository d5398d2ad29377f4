/**
 * Starts a program of this package with a Node that can run it.
 *
 * Plain JavaScript, because the Node that reads it may be too old for the program. Then it starts
 * the Node 24 that npm installed as an optional dependency. It runs the sources in a checkout, and
 * the bundle in an installed package.
 *
 * Guarantees: exit code and signals pass through. It prints one line on standard error where it
 * finds no such Node.
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const NEEDED_MAJOR = 24;

export async function launch(name) {
  const sources = new URL(`./${name}.ts`, import.meta.url);
  const bundle = new URL(`../dist/${name}.mjs`, import.meta.url);
  const program = existsSync(sources) ? sources : bundle;

  if (Number.parseInt(process.versions.node, 10) >= NEEDED_MAJOR) {
    await import(program.href);
  } else {
    const node = findNode();
    if (node !== null) {
      startWith(node, program, name);
    } else {
      const problem = `${name} needs Node ${NEEDED_MAJOR} or newer, and this is Node ${process.versions.node}.`;
      process.stderr.write(`${problem} Install a newer one, or install zen-lead with its optional dependencies.\n`);
      process.exitCode = 1;
    }
  }
}

function findNode() {
  try {
    return createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return null;
  }
}

function startWith(node, program, name) {
  const args = [...process.execArgv, fileURLToPath(program), ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: 'inherit' });
  // A terminal sends its interrupt to both processes, and a second one would cut the orderly stop
  // short.
  const hasTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on('SIGINT', () => hasTerminal || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`${name}: cannot start ${node}: ${error.message}\n`);
    process.exitCode = 1;
  });
  // 128 plus the signal's number, as a shell reports it.
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}
