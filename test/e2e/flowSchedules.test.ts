/**
 * JobFlowSchedules on a real kube-apiserver, with the real controllers of Jobs and CronJobs and the
 * garbage collector. `zen-flow run` is a process that has the rights of deploy/flow/rights, and is
 * killed again and again. A stand-in kubelet ends the pods.
 */

import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { minuteOf } from '../../lib/flow/schedule/scheduledFlow.ts';
import { aFlowStory, applyFlowKinds, type FlowStory, writeFlowKubeconfig } from '../support/controlPlane/aFlowStory.ts';
import { type StandInKubelet, startStandInKubelet } from '../support/controlPlane/standInKubelet.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { watchLines } from '../support/controlPlane/watchLines.ts';
import { aStep, aTemplate } from '../support/objects/aFlow.ts';
import { aSchedule } from '../support/objects/aSchedule.ts';
import { type RunningProcess, startProcess } from '../support/programs/startProcess.ts';

const root = resolve(import.meta.dirname, '../..');
const controlPlane = useControlPlane({ jobs: true });
const MINUTE = 60_000;
let kubelet: StandInKubelet;
let kubeconfig: string;
let zenFlow: RunningProcess;
let starts = 0;
let stories = 0;

function start(): RunningProcess {
  starts += 1;
  return startProcess({
    name: `zen-flow-${starts}`,
    command: process.execPath,
    args: [join(root, 'cli/zen-flow.ts'), 'run', '--kubeconfig', kubeconfig, '--port', '0', '--no-lease'],
    directory: controlPlane().directory,
    workingDirectory: root,
  });
}

beforeAll(async () => {
  await applyFlowKinds(controlPlane(), 'rights');
  kubeconfig = await writeFlowKubeconfig(controlPlane(), 'zen-flow');
  kubelet = startStandInKubelet(controlPlane(), { slow: ['timeout'] }, 100);
  zenFlow = start();
});
afterAll(async () => {
  await zenFlow?.stop('SIGKILL');
  await kubelet?.close();
});

const aStory = (): Promise<FlowStory> => {
  stories += 1;
  return aFlowStory(controlPlane(), `schedule-${stories}`);
};

async function schedule(story: FlowStory, spec: object, name = 'nightly'): Promise<void> {
  const { metadata, ...object } = aSchedule({ schedule: '* * * * *', ...spec }, name);
  const path = `/apis/workflow.kube-zen.io/v1alpha1/namespaces/${story.name}/jobflowschedules`;
  await story.request('POST', `${path}?fieldValidation=Strict`, { ...object, metadata: { name: metadata.name } });
}

const flowLine = z.object({ object: z.object({ metadata: z.object({ name: z.string(), uid: z.string() }) }) });

/** The uids of each flow of the namespace from now on, also of one that is gone again. */
async function followUids(story: FlowStory, signal: AbortSignal): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const path = `/apis/workflow.kube-zen.io/v1alpha1/namespaces/${story.name}/jobflows?`;
  const uids = new Map<string, Set<string>>();
  const lines = await watchLines(controlPlane(), path, signal);
  const follow = async (): Promise<void> => {
    for await (const line of lines) {
      const { name, uid } = flowLine.parse(line).object.metadata;
      uids.set(name, (uids.get(name) ?? new Set()).add(uid));
    }
  };
  // It ends with the signal.
  follow().catch(() => undefined);
  return uids;
}

test('a schedule makes the flow of each minute, under the name that a CronJob gives, whatever is killed', async () => {
  const story = await aStory();
  const cronJob = { schedule: '* * * * *', jobTemplate: aTemplate };
  await schedule(story, { successfulJobsHistoryLimit: 10 });
  await story.request('POST', `/apis/batch/v1/namespaces/${story.name}/cronjobs`, {
    metadata: { name: 'nightly' },
    spec: cronJob,
  });
  const stop = new AbortController();
  const uids = await followUids(story, stop.signal);
  const begun = Date.now();
  while (Date.now() < begun + 130_000) {
    await sleep(700 + Math.random() * 3_000);
    await zenFlow.stop('SIGKILL');
    zenFlow = start();
  }
  const namesOf = async (kind: string) =>
    (await story.kubectl('get', kind, '-o', 'name'))
      .split('\n')
      .flatMap((line) => /\/(nightly-\d+)$/.exec(line)?.[1] ?? [])
      .sort();
  // The CronJob's Jobs are named alike. What is due right now may be about to be made.
  const isOfCronJobAlone = async () => {
    const [jobs, made] = [await namesOf('jobs'), await namesOf('jobflows')];
    return [jobs.length >= 2, jobs.filter((name) => !made.includes(name))];
  };
  await expect.poll(isOfCronJobAlone, { timeout: 60_000 }).toEqual([true, []]);
  const flows = await namesOf('jobflows');
  expect(flows.map(minuteOf)).toEqual(flows.map((_, index) => minuteOf(flows[0] ?? '') + index * MINUTE));
  for (const flow of flows) await story.untilPhase('Succeeded', flow);
  stop.abort();
  // A flow that was deleted and made again would have another uid.
  expect(flows.map((flow) => [flow, uids.get(flow)?.size])).toEqual(flows.map((flow) => [flow, 1]));
  expect(await story.kubectl('get', 'jfs')).toMatch(/nightly +\* \* \* \* \* +UTC +false +0 +\d+s/);

  // The flows go with their schedule.
  await story.kubectl('delete', 'jfs', 'nightly');
  await expect.poll(() => namesOf('jobflows'), { timeout: 30_000 }).toEqual([]);
}, 300_000);

test('a schedule says what keeps it from running, each in its own words', async () => {
  const story = await aStory();
  await schedule(story, { schedule: '0 25 * * *' }, 'unreadable');
  await schedule(story, { suspend: true }, 'asleep');
  await schedule(story, {}, 'taken');
  await schedule(story, { concurrencyPolicy: 'Forbid', jobFlowTemplate: { spec: { steps: [aStep('slow')] } } }, 'busy');
  const now = Date.now();
  for (const minute of [1, 2]) {
    const name = `taken-${Math.floor(now / MINUTE) + minute}`;
    await story.applyAs(name, { steps: [aStep('slow')] });
  }
  const readiness = async (name: string) => {
    const path = '{.status.conditions[?(@.type=="Ready")].reason}: {.status.conditions[?(@.type=="Ready")].message}';
    return story.kubectl('get', 'jfs', name, '-o', `jsonpath=${path}`);
  };
  const until = (name: string, says: string | RegExp) =>
    vi.waitFor(async () => expect(await readiness(name)).toMatch(says), { timeout: 150_000, interval: 500 });
  await until('unreadable', /^ValidationFailed: spec.schedule: field 2 of 5 \(hour\) "25" cannot be read/);
  await until('asleep', /^Suspended: /);
  await until('taken', /^NameTaken: jobflows schedule-\d\/taken-\d+: the name is taken by a flow that/);
  await until('busy', /^FlowAlreadyActive: the run for .* waits for the end of busy-\d+/);
}, 240_000);
