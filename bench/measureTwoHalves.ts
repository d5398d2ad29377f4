/**
 * Measures failovers one after another among many Services as measureBackToBack.ts does, with
 * bridge and functions as two processes that talk over HTTP, with service-account tokens.
 * docs/performance.md.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StartZenLead } from './besideFloor.ts';
import { measureFleetFailovers } from './fleetFailovers.ts';
import { startImage } from './startImage.ts';

const account = 'zen-lead-bridge';

const startTwoHalves: StartZenLead = async ({ kubeconfig, directory, kubectl }, namespace, bundle) => {
  const { name } = namespace;
  await namespace.request('POST', namespace.core('serviceaccounts'), { metadata: { name: account } });
  const token = await kubectl('-n', name, 'create', 'token', account, '--audience', 'zen-lead');
  const tokenFile = join(directory, `token-${name}`);
  writeFileSync(tokenFile, token.trim(), { mode: 0o600 });
  const sender = `system:serviceaccount:${name}:${account}`;
  const start = (what: string, ...args: readonly string[]) =>
    startImage(bundle, { name: `${what}-${name}`, directory, args: [what, '--kubeconfig', kubeconfig, ...args] });
  const functions = await start('functions', '--trusted-sender', sender);
  const bridge = await start('bridge', '--sink', `${functions.url}/`, '--token-file', tokenFile, '--namespace', name);
  return { stop: () => Promise.all([bridge.process.stop(), functions.process.stop()]) };
};

await measureFleetFailovers({
  script: 'measureTwoHalves.ts',
  name: 'two-halves',
  claim: 'Failovers one after another, bridge and functions apart, over HTTP with tokens',
  startZenLead: startTwoHalves,
});
process.exit();
