import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeKubeconfig } from '../../../apiserver/writeKubeconfig.ts';
import { listenOnLoopback } from '../../../cli/demo/cluster/podNetwork.ts';
import { aCluster } from '../../support/programs/aCluster.ts';
import { aDirectory } from '../../support/programs/aKubeconfig.ts';
import { expectGracefulStop, readStatus, readUrl, startProgram } from '../../support/programs/startProgram.ts';

async function aFreePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('zen-lead run', () => {
  it('gives an annotated Service a leader, moves it, and ends with 0 on SIGTERM', async () => {
    const cluster = await aCluster();
    const program = startProgram(['run', '--kubeconfig', cluster.kubeconfig, '--port', '0']);
    const url = await readUrl(program);
    await cluster.startLed();
    await cluster.failOver();

    expect(await readStatus(`${url}/livez`)).toBe(200);
    expect(await readStatus(`${url}/readyz`)).toBe(200);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('zen_lead_failover_count_total{namespace="default",service="db",reason="notReady"} 1');
    expect(metrics).toMatch(/zen_lead_build_info\{version="\d/);
    expect(await readStatus(url, { method: 'POST', body: '{}' })).toBe(404);
    await expectGracefulStop(program);
  });

  it('waits for an API server that is not there yet: alive, not ready, then at work', async () => {
    const port = await aFreePort();
    const kubeconfig = join(aDirectory(), 'kubeconfig');
    await writeKubeconfig(kubeconfig, `http://127.0.0.1:${port}`);
    const program = startProgram(['run', '--kubeconfig', kubeconfig, '--port', '0']);
    const url = await readUrl(program);
    await program.waitForLine('KUBE_UNAVAILABLE');
    expect(await readStatus(`${url}/livez`)).toBe(200);
    expect(await readStatus(`${url}/readyz`)).toBe(503);

    const cluster = await aCluster(port);
    await cluster.createPod('db-0', '10.0.0.10');
    await cluster.createService();
    await cluster.expectLeader('10.0.0.10');
    expect(await readStatus(`${url}/readyz`)).toBe(200);
    await expectGracefulStop(program);
  });

  it('ends at once and with 0 while the API server is not there', async () => {
    const kubeconfig = join(aDirectory(), 'kubeconfig');
    await writeKubeconfig(kubeconfig, `http://127.0.0.1:${await aFreePort()}`);
    const program = startProgram(['run', '--kubeconfig', kubeconfig, '--port', '0']);
    await program.waitForLine('KUBE_UNAVAILABLE');
    await expectGracefulStop(program);
  });

  it('watches only the namespaces that it is given', async () => {
    const cluster = await aCluster();
    const args = ['run', '--kubeconfig', cluster.kubeconfig, '--port', '0', '--namespace', 'kube-system'];
    const program = startProgram(args);
    await program.waitForLine('every list is complete');
    await cluster.createPod('db-0', '10.0.0.10');
    await cluster.createService();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await cluster.readSlice()).toMatchObject({ code: 404 });
    await expectGracefulStop(program);
  });

  it('fails with 1 when its port is taken, instead of running without probes', async () => {
    const cluster = await aCluster();
    const taken = new URL(cluster.url).port;
    const program = startProgram(['run', '--kubeconfig', cluster.kubeconfig, '--port', taken]);
    expect(await program.exited).toBe(1);
    expect(program.stderr()).toContain('EADDRINUSE');
  });
});
