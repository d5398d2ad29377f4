import { expect, it } from 'vitest';
import { aCluster } from '../../support/programs/aCluster.ts';
import { expectGracefulStop, readStatus, readUrl, startProgram } from '../../support/programs/startProgram.ts';

it('zen-lead bridge and zen-lead functions lead together as two processes', async () => {
  const cluster = await aCluster();
  const functions = startProgram(['functions', '--kubeconfig', cluster.kubeconfig, '--port', '0']);
  const sink = await readUrl(functions);
  const bridge = startProgram(['bridge', '--kubeconfig', cluster.kubeconfig], { K_SINK: sink, PORT: '0' });
  const url = await readUrl(bridge);
  await cluster.startLed();
  await cluster.failOver();
  expect(await readStatus(`${url}/readyz`)).toBe(200);
  expect(await readStatus(`${sink}/readyz`)).toBe(200);
  await expectGracefulStop(bridge);
  await expectGracefulStop(functions);
});

it('zen-lead bridge keeps what it has to say until the functions are there', async () => {
  const cluster = await aCluster();
  const first = startProgram(['functions', '--kubeconfig', cluster.kubeconfig, '--port', '0']);
  const sink = await readUrl(first);
  await expectGracefulStop(first);
  const bridge = startProgram(['bridge', '--kubeconfig', cluster.kubeconfig, '--sink', sink, '--port', '0']);
  await bridge.waitForLine('every list is complete');
  await cluster.createPod('db-0', '10.0.0.10');
  await cluster.createService();
  expect(await cluster.readSlice()).toMatchObject({ code: 404 });
  const port = new URL(sink).port;
  const second = startProgram(['functions', '--kubeconfig', cluster.kubeconfig, '--port', port]);
  await cluster.expectLeader('10.0.0.10');
  await expectGracefulStop(bridge);
  await expectGracefulStop(second);
});
