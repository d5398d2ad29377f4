/**
 * Starts the functions of each bundle once, so that Node keeps the compiled code beside it.
 *
 * A cold start then takes 240 ms instead of 400 from exec to "started" (Node 24.21, one core). Only
 * the functions scale from zero.
 * Guarantees: Node ignores a cache that does not fit, from another Node or of another bundle.
 * Source: https://nodejs.org/docs/latest-v24.x/api/module.html#module-compile-cache
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * As the image starts Node. V8 refuses code that was compiled under other flags.
 * docs/decisions/runtime.md
 */
export const nodeFlags: readonly string[] = ['--max-semi-space-size=4'];

/** Starts in half a second; the rest is for a busy machine. */
const START_TIMEOUT_MS = 30_000;

/** No server listens there. The functions start without an API server. */
const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{ name: none, cluster: { server: "https://127.0.0.1:1" } }]
users: [{ name: none, user: { token: none } }]
contexts: [{ name: none, context: { cluster: none, user: none } }]
current-context: none
`;

/** `cache` must keep its place relative to the bundles. The image runs as the user `uid`. */
export async function warmCompileCache(bundles: readonly string[], cache: string, uid: number): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'zen-lead-warm-'));
  const file = join(work, 'kubeconfig');
  writeFileSync(file, kubeconfig);
  try {
    const env = { ...process.env, NODE_COMPILE_CACHE: cache, NODE_COMPILE_CACHE_PORTABLE: '1' };
    for (const bundle of bundles)
      await startOnce([...nodeFlags, bundle, 'functions', '--kubeconfig', file, '--port', '0'], env);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  // The folder's name ends in the user's number, so that users do not run each other's code.
  for (const name of readdirSync(cache)) {
    const renamed = name.replace(/-\d+$/, `-${uid}`);
    if (renamed !== name) renameSync(join(cache, name), join(cache, renamed));
  }
}

/** Ends the functions gracefully, because only then Node writes the cache. */
async function startOnce(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(process.execPath, [...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const late = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const hadStarted = hasStarted(output);
    output += text;
    // A second signal would end it at once, without a cache.
    if (!hadStarted && hasStarted(output)) child.kill('SIGTERM');
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('exit', resolve);
    child.once('error', reject);
  });
  clearTimeout(late);
  if (code !== 0) throw new Error(`the functions did not start to warm the compile cache: ${output}`);
}

function hasStarted(output: string): boolean {
  return output.includes('"msg":"started"');
}
