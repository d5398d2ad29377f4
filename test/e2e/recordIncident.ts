/**
 * Records examples/recordings/forgotten-pause.jsonl, the incident of docs/tutorial.md. `node
 * test/e2e/recordIncident.ts` runs zen-lead on a real control plane and makes the mistake of a
 * user. It takes a minute and a half.
 *
 * The mistake: paused="False" ends a pause for maintenance, and is not a boolean here. A value that
 * cannot be read counts as true, so the leader stays frozen. An hour later (20 seconds here) it
 * dies.
 */

import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNamespace } from '../support/controlPlane/createNamespace.ts';
import { startControlPlane } from '../support/controlPlane/startControlPlane.ts';
import { startPod } from '../support/controlPlane/startPod.ts';
import { aService } from '../support/objects/aService.ts';
import { startZenLead } from '../support/programs/spawnZenLead.ts';

const folder = new URL('../../examples/recordings/', import.meta.url);
const nodes = ['node-a', 'node-b', 'node-c'] as const;

/** Makes the service's pods, one a node. */
const labelsOf = (service: string) => ({ app: service });

const controlPlane = await startControlPlane({ serviceCidrs: '10.96.0.0/16' });
const recording = join(controlPlane.directory, 'incident.jsonl');
const zenLead = await startZenLead(controlPlane, 'zen-lead', '--cluster-name', 'production', '--record', recording);
try {
  const shop = await createNamespace(controlPlane, 'shop');
  const start = async (service: string, number: 0 | 1 | 2) =>
    startPod(shop, {
      name: `${service}-${number}`,
      labels: labelsOf(service),
      node: nodes[number],
      families: ['IPv4'],
      ports: [{ name: 'postgres', containerPort: 5432 }],
    });
  const specOf = (service: string) => ({
    selector: labelsOf(service),
    ports: [{ name: 'postgres', port: 5432, targetPort: 'postgres' }],
  });
  const annotate = (...annotations: string[]) =>
    shop.kubectl('annotate', 'service', 'orders', '--overwrite', ...annotations);

  const [orders0] = [await start('orders', 0), await start('orders', 1), await start('orders', 2)];
  const [reports0] = [await start('reports', 0), await start('reports', 1)];
  await sleep(2_000);
  await shop.apply(
    aService({ name: 'orders', annotations: { 'min-ready-duration': '5s' }, spec: specOf('orders') }),
    aService({ name: 'reports', spec: specOf('reports') }),
  );
  await sleep(8_000);
  await annotate('zen-lead.io/paused=true'); // maintenance begins
  await sleep(8_000);
  await annotate('zen-lead.io/paused=False'); // and is meant to end here
  await sleep(12_000);
  await reports0.setReady(false); // an ordinary failover, in the same minute
  await sleep(8_000);
  await orders0.setReady(false); // the leader crashes
  await sleep(6_000);
  await orders0.kill(); // and its pod is replaced
  await sleep(1_000);
  await start('orders', 0);
  await sleep(12_000);
  await reports0.setReady(true);
  await sleep(15_000);
  await annotate('zen-lead.io/paused-'); // a person has found it
  await sleep(3_000);
} finally {
  await zenLead.process.stop();
  mkdirSync(folder, { recursive: true });
  copyFileSync(recording, new URL('forgotten-pause.jsonl', folder));
  await controlPlane.stop();
}
