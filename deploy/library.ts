/**
 * `npm run library` builds what `import 'zen-lead/selection'`, `import 'zen-lead/events'` and
 * `import 'zen-lead/flow'` find in the published package. JavaScript goes to dist/lib, declarations
 * to dist/types. Node strips no types under node_modules.
 *
 * Guarantees: what the entries share, the error class above all, is one module. zod stays a
 * dependency.
 */

import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../', import.meta.url));
const types = join(root, 'dist/types');

await rm(join(root, 'dist/lib'), { recursive: true, force: true });
await rm(types, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: { selection: 'lib/selection/index.ts', events: 'lib/events/index.ts', flow: 'lib/flow/index.ts' },
  outdir: 'dist/lib',
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  // The oldest Node that the package allows.
  target: 'node20',
  format: 'esm',
  chunkNames: 'shared-[hash]',
  logLevel: 'info',
});
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'deploy/tsconfig.library.json'], {
  cwd: root,
  stdio: 'inherit',
});
// TypeScript keeps the `.ts` of a relative import in a declaration, but no such file is beside it.
for (const file of globSync('**/*.d.ts', { cwd: types })) {
  const path = join(types, file);
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replaceAll(/(from '|import\(')(\.[^']*)\.ts'/g, "$1$2.js'"));
}
