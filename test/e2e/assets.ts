/**
 * `npm run e2e:assets` builds the programs of the e2e suite once, and downloads the definitions
 * that it applies, where Go is present.
 *
 * Without the programs and without Go it prints one line and exits with 0. The suite then skips
 * itself with that line.
 */

import { buildAssets } from '../support/controlPlane/buildAssets.ts';
import { downloadDefinitions, missingDefinitionsLine } from '../support/controlPlane/downloadDefinitions.ts';
import { findAssets, missingAssetsLine } from '../support/controlPlane/findAssets.ts';

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

if (findAssets(process.env) === null) await buildAssets(process.env, (line) => console.log(line), stop.signal);
const assets = findAssets(process.env);
console.log(assets === null ? missingAssetsLine : `e2e assets: ${Object.values(assets).join(' ')}`);
if (assets !== null) {
  const definitions = await downloadDefinitions(stop.signal);
  console.log(definitions === null ? missingDefinitionsLine : `e2e assets: ${definitions.join(' ')}`);
}
