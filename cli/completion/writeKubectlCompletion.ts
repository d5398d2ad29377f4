/**
 * Writes cli/kubectl_complete-zen_lead. `npm run pages` runs it after a change of the commands.
 */

import { writeFileSync } from 'node:fs';
import { listCompletions } from './completions.ts';
import { renderKubectlCompletion } from './kubectl.ts';

const file = new URL('../kubectl_complete-zen_lead', import.meta.url);
writeFileSync(file, renderKubectlCompletion(listCompletions()), { mode: 0o755 });
