/**
 * `npm run bundle [-- FILE]` writes the whole program as one file, by default dist/zen-lead.mjs;
 * `npm run bundle:flow` writes dist/zen-flow.mjs.
 * Image and published package need it, because Node strips no types under node_modules.
 *
 * `node deploy/bundle.ts FILE PROGRAM split` writes what only some commands load into files beside
 * it, as the image has it. Node reads and checks one file of 6 MB as a whole, which is a quarter of
 * the processor time of a cold start.
 *
 * Guarantees: what it writes runs without node_modules. A command still runs only what it needs:
 * esbuild runs a dynamically imported module on import, within one file too.
 */

import { execFileSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const program = process.argv[3] ?? 'zen-lead';
const isSplit = process.argv[4] === 'split';
const outfile = process.argv[2] ?? fileURLToPath(new URL('../dist/zen-lead.mjs', import.meta.url));

/**
 * Packages that are CommonJS inside call `require` for Node's own modules. An ES module has none
 * until it makes one.
 */
const banner = [
  "import { createRequire as zenLeadCreateRequire } from 'node:module';",
  'const require = zenLeadCreateRequire(import.meta.url);',
].join('\n');

/**
 * Takes Node's own modules without an import. An import of `node:http` reads everything that it
 * exports, and `http.WebSocket` loads the undici inside Node: a tenth of a cold start.
 * Source: https://github.com/nodejs/node/blob/v24.x/lib/http.js (lazyUndici).
 */
const builtinsUnread: Plugin = {
  name: 'builtins-unread',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?[a-z_/]+$/ }, ({ path, kind }) => {
      const isOurs = kind !== 'require-call' && isBuiltin(path);
      return isOurs ? { path: path.replace(/^(node:)?/, 'node:'), namespace: 'builtin' } : undefined;
    });
    onLoad({ filter: /^/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

/**
 * Leaves out the clients and models of @kubernetes/client-node: its KubeConfig needs none of them.
 * The package does not say that its modules only define things, so each command that reads a
 * kubeconfig would load all of them, 17 MB.
 */
const clientNodeUnread: Plugin = {
  name: 'client-node-unread',
  setup({ onResolve, resolve }) {
    const name = '@kubernetes/client-node';
    onResolve({ filter: /^(@kubernetes\/client-node$|\.)/ }, async ({ path, pluginData, ...options }) => {
      const isOfPackage = path === name || options.importer.includes(`/node_modules/${name}/`);
      if (!isOfPackage || pluginData === 'resolving') return undefined;
      const found = await resolve(path, { ...options, pluginData: 'resolving' });
      return { ...found, sideEffects: false };
    });
  },
};

await build({
  entryPoints: [
    {
      in: fileURLToPath(new URL(`../cli/${program}.ts`, import.meta.url)),
      out: basename(outfile, '.mjs'),
    },
  ],
  outdir: dirname(outfile),
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: isSplit,
  chunkNames: `${program}-[hash]`,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  banner: { js: banner },
  define: {
    ZEN_LEAD_COMMIT: JSON.stringify(readCommit()),
    ZEN_LEAD_BUILD_DATE: JSON.stringify(new Date().toISOString()),
  },
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  logLevel: 'info',
  plugins: [builtinsUnread, clientNodeUnread],
});
await chmod(outfile, 0o755);

function readCommit(): string {
  // Docker builds from a copy without history, and passes the commit.
  const given = process.env['COMMIT'];
  if (given !== undefined && given !== '') return given;
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    // A source archive has no history.
    return 'unknown';
  }
}
