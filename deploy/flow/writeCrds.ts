/** Writes deploy/flow/crds. Run it after a change of the schemas, by `npm run crds`. */

import { writeFile } from 'node:fs/promises';
import { renderCrds } from './renderCrds.ts';

for (const [file, text] of Object.entries(renderCrds())) {
  await writeFile(new URL(`crds/${file}`, import.meta.url), text);
}
