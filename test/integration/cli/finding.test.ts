import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startApiServer } from '../../../apiserver/startApiServer.ts';
import { startZenLead } from '../../../cli/serve/startZenLead.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { loadClusterAccess } from '../../../lib/kube/kubeconfig.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { aCluster, type Cluster } from '../../support/programs/aCluster.ts';
import { aDirectory } from '../../support/programs/aKubeconfig.ts';
import { expectGracefulStop, readUrl, startProgram } from '../../support/programs/startProgram.ts';
import { type Typed, typeCommand } from '../../support/programs/typeCommand.ts';

interface LedCluster extends Cluster {
  /** As a person does, against this cluster. */
  type(...args: readonly string[]): Promise<Typed>;
  stopZenLead(): Promise<void>;
}

/** Three pods, and a zen-lead that has given them a leader: db-0. */
async function aLedCluster(): Promise<LedCluster> {
  const cluster = await aCluster();
  const { kubeconfig } = cluster;
  const metrics = createMetrics();
  const api = createKubeApi(await loadClusterAccess({ kubeconfigPath: kubeconfig }), { metrics });
  onTestFinished(() => api.close());
  const zenLead = startZenLead({ api, clusterName: 'test', namespaces: [], metrics, log: silentLogger });
  onTestFinished(() => zenLead.close());
  await createWorkload(cluster);
  return {
    ...cluster,
    stopZenLead: () => zenLead.close(),
    type: (...args) => typeCommand(...args, '--kubeconfig', kubeconfig),
  };
}

async function createWorkload(cluster: Cluster): Promise<void> {
  for (const number of [0, 1, 2]) await cluster.createPod(`db-${number}`, `10.0.0.1${number}`);
  await cluster.createService();
  await cluster.expectLeader('10.0.0.10');
}

describe('zen-lead switchover, pin, unpin, pause, resume', () => {
  it('switchover moves the lead to the next pod, and leaves no pin behind', async () => {
    const { type, expectLeader } = await aLedCluster();
    const dry = await type('switchover', 'default/db', '--dry-run');
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    expect(dry.stdout).toContain('would be: db-1 leads instead of db-0');
    await expectLeader('10.0.0.10');

    const moved = await type('switchover', 'default/db');
    expect(moved).toMatchObject({ code: 0, stderr: '' });
    expect(moved.stdout).toContain('db-1 leads instead of db-0');
    expect(moved.stdout).toContain('the pin is taken away again');
    await expectLeader('10.0.0.11');
    expect((await type('switchover', 'default/db', '--to', 'db-1')).stdout).toBe('db-1 leads already\n');
  });

  it('the commands refuse what would have no effect, with the reason, and write nothing', async () => {
    const { type, writeReady } = await aLedCluster();
    const none = await type('switchover', 'default/db', '--to', 'db-7');
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toContain(
      'db-7 would not lead: the Service selects no pod of that name; it selects db-0, db-1, db-2',
    );
    await writeReady('db-2', '10.0.0.12', false);
    expect((await type('pin', 'default/db', '--to', 'db-2')).stderr).toContain('db-2 would not lead: it is not Ready');
    expect((await type('pause', 'default/db')).stdout).toContain('db-0 leads, epoch');
    expect((await type('switchover', 'default/db', '--to', 'db-1')).stderr).toContain('the Service is paused');
    expect((await type('resume', 'default/db')).code).toBe(0);
    expect((await type('pin', 'default/none')).stderr).toContain('there is no Service default/none');
    expect((await type('explain', 'default/db-leader')).stderr).toContain(
      'ask for the Service that it is for: default/db',
    );
  });

  it('pin holds a pod until unpin', async () => {
    const { type, expectLeader } = await aLedCluster();
    expect((await type('pin', 'default/db', '--to', 'db-2')).stdout).toContain('db-2 leads instead of db-0');
    await expectLeader('10.0.0.12');
    const free = await type('unpin', 'default/db');
    expect(free).toMatchObject({ code: 0, stdout: expect.stringContaining('pin-leader-\ndb-2 leads') });
  });

  it('switchover says that an earlier pin is gone', async () => {
    const { type, expectLeader } = await aLedCluster();
    expect((await type('pin', 'default/db', '--to', 'db-2')).code).toBe(0);
    const moved = await type('switchover', 'default/db', '--to', 'db-1');
    expect(moved.stdout).toContain('the pin is taken away again, and so is the one on db-2 that was there before');
    await expectLeader('10.0.0.11');
    // It would lead again if its pin were still there.
    expect((await type('explain', 'default/db')).stdout).not.toContain('pin-leader');
  });

  it('switchover sets the pin back and ends with 1 where zen-lead does not act on it', async () => {
    const { type, stopZenLead } = await aLedCluster();
    await stopZenLead();
    const stuck = await type('switchover', 'default/db', '--timeout', '1');
    expect(stuck.code).toBe(1);
    expect(stuck.stdout).toContain('the lead has not moved; the pin is taken back');
    expect(stuck.stderr).toContain('nothing has acted on it within 1 s: is zen-lead running');
    const { stdout } = await type('explain', 'default/db', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ leader: { name: 'db-0' }, annotations: [{ value: 'true' }] });
  });
});

describe('zen-lead report', () => {
  it('report moves the lead away from the pod until its word is taken back', async () => {
    const { type, expectLeader } = await aLedCluster();
    const dry = await type('report', 'default/db', 'db-0', '--unfit', '--dry-run');
    expect(dry.stdout).toContain('would be: db-1 leads instead of db-0');
    await expectLeader('10.0.0.10');

    const moved = await type('report', 'default/db', 'db-0', '--unfit', '--for', '10m', '--reason', 'disk full');
    expect(moved).toMatchObject({ code: 0, stderr: '' });
    expect(moved.stdout).toContain('db-1 leads instead of db-0');
    await expectLeader('10.0.0.11');
    const explained = await type('explain', 'default/db');
    expect(explained.stdout).toContain('is reported unfit; zen-lead report says unfit until');
    expect(explained.stdout).toContain('("disk full")');

    expect((await type('report', 'default/db', 'db-0', '--fit')).stdout).toContain('takes back');
    expect((await type('explain', 'default/db')).stdout).not.toContain('reported unfit');
  });

  it('report refuses what it cannot read, or what can have no effect', async () => {
    const { type } = await aLedCluster();
    expect((await type('report', 'default/db', 'db-0')).stderr).toContain('give one of --unfit and --fit');
    const long = await type('report', 'default/db', 'db-0', '--unfit', '--for', '2h');
    expect(long.stderr).toContain('--for: "2h" is not a duration from 1s to 1h');
    const none = await type('report', 'default/db', 'db-7', '--unfit');
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('selects no pod of that name') });
  });
});

describe('zen-lead status and explain', () => {
  it('status and explain print a table without colour where there is no terminal, and data', async () => {
    const { type } = await aLedCluster();
    const table = await type('status');
    expect(table).toMatchObject({ code: 0, stderr: '' });
    const [heading, row] = table.stdout.split('\n');
    expect(heading).toMatch(/^NAMESPACE +SERVICE +LEADER +SINCE +EPOCH +REASON +READY +STATE$/);
    expect(row).toMatch(/^default +db +db-0 +\S+ +\d+ +FirstLeader +3\/3 +ok$/);
    expect(table.stdout).not.toContain('\u001b');
    const data: unknown = JSON.parse((await type('status', '-o', 'json')).stdout);
    expect(data).toMatchObject({
      leaders: [{ service: 'db', leader: { name: 'db-0', address: '10.0.0.10' }, drift: [] }],
    });
    expect((await type('explain', 'default/db')).stdout).toMatch(/db-1 {2}could lead; next, when the leader goes/);
  });

  it('status and explain say what to do where there is no such Service, no name, or nothing to show', async () => {
    const { kubeconfig } = await aCluster();
    const type = (...args: readonly string[]) => typeCommand(...args, '--kubeconfig', kubeconfig);
    expect(await type('explain', 'default/none')).toMatchObject({
      code: 1,
      stderr: 'there is no Service default/none',
    });
    expect((await type('explain', 'none')).stderr).toContain('write NAMESPACE/SERVICE');
    expect((await type('explain', 'a/b', '--at', '2026-11-20T10:00:00Z')).stderr).toContain('--at needs --recording');
    expect((await type('status')).stderr).toBe('No Service is annotated with zen-lead.io/enabled.\n');
  });
});

describe('a recording', () => {
  it('a recording of run and of record replays as it was, and holds no secret', async () => {
    const cluster = await aCluster();
    const directory = aDirectory();
    const [ofRun, ofRecord] = [join(directory, 'run.jsonl'), join(directory, 'record.jsonl')];
    const secret = { SECRET_OF_THIS_PROCESS: 'hunter2' };
    const against = ['--kubeconfig', cluster.kubeconfig];
    const recorder = startProgram(['record', ofRecord, ...against], secret);
    const running = startProgram(['run', '--port', '0', '--record', ofRun, ...against], secret);
    // Two programs start at once here, on a machine that may be busy.
    await running.waitForLine('"msg":"started"', 30_000);
    const url = await readUrl(running);
    await createWorkload(cluster);
    await expect.poll(() => tryRead(ofRecord), { message: 'the recording' }).toContain('"status":200');
    await cluster.failOver();
    await expect.poll(() => tryRead(ofRecord), { message: 'the recording' }).toContain('"leader":{"name":"db-1"');

    const watching = startProgram(['status', '--watch', '-o', 'json', ...against]);
    await watching.waitForLine('"leaders"');
    const status = await (await fetch(`${url}/v1/leaders/default/db`)).json();
    expect(status).toMatchObject({ leader: { name: 'db-1', address: '10.0.0.11' }, lastReason: 'LeaderNotReady' });
    expect((await fetch(`${url}/v1/leaders/default/none`)).status).toBe(404);
    await cluster.writeReady('db-1', '10.0.0.11', false);
    await watching.waitForLine('"name":"db-2"');
    watching.process.kill('SIGINT');
    expect(await watching.exited).toBe(0);
    await Promise.all([expectGracefulStop(running), expectGracefulStop(recorder)]);

    for (const path of [ofRun, ofRecord]) {
      const text = readFileSync(path, 'utf8');
      expect(text.endsWith('\n')).toBe(true);
      expect(text).not.toContain('hunter2');
      const replayed = await typeCommand('replay', path);
      expect(replayed).toMatchObject({ code: 0, stderr: '' });
      expect(replayed.stdout).toMatch(/LeaderNotReady +db-0 -> db-1/);
      expect(replayed.stdout).toContain('all as recorded');
    }
  });
});

it('record and status --watch wait for an API server that has gone', async () => {
  const server = await startApiServer();
  onTestFinished(() => server.close());
  const kubeconfig = join(aDirectory(), 'kubeconfig');
  await server.writeKubeconfig(kubeconfig);
  const recorder = startProgram([
    'record',
    join(aDirectory(), 'r.jsonl'),
    '--log-level',
    'info',
    '--kubeconfig',
    kubeconfig,
  ]);
  const watching = startProgram(['status', '--watch', '-o', 'json', '--kubeconfig', kubeconfig]);
  await watching.waitForLine('"leaders"');
  await expect.poll(recorder.stderr, { message: 'what record says' }).toContain('every list is complete');

  await server.close();
  await expect.poll(recorder.stderr, { message: 'what record says' }).toContain('watch ended');
  const ended = Promise.race([recorder.exited, watching.exited]);
  expect(await Promise.race([ended, sleep(1_000, 'still there')])).toBe('still there');
  for (const { process: child } of [recorder, watching]) child.kill('SIGINT');
  expect(await Promise.all([recorder.exited, watching.exited])).toEqual([0, 0]);
});

function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // not there yet
  }
}
