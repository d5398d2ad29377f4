/**
 * `executionPolicy.retainJobs` on a real kube-apiserver. A Job stays for five minutes after its
 * end, so the story ends Jobs itself, with an end that lies ten minutes back.
 */

import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { FlowStory } from '../support/controlPlane/aFlowStory.ts';
import { useControlPlane } from '../support/controlPlane/useControlPlane.ts';
import { useFlowStories } from '../support/controlPlane/useFlowStories.ts';
import { aStep } from '../support/objects/aFlow.ts';

// Without the Job controller nobody else ends them.
const aStory = useFlowStories(useControlPlane(), {});

const jobList = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()) }) })),
});

async function endJob(story: FlowStory, step: string, end: 'Complete' | 'Failed', minutesAgo: number): Promise<void> {
  await expect.poll(() => story.jobs(), { timeout: 30_000 }).toContain(`${step}/1`);
  const path = `/apis/batch/v1/namespaces/${story.name}/jobs`;
  const { items } = jobList.parse(await story.request('GET', path));
  const found = items.find(({ metadata }) => metadata.labels['workflow.kube-zen.io/step'] === step);
  const at = new Date(Date.now() - minutesAgo * 60_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const first = end === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  const conditions = [first, end].map((type) => ({ type, status: 'True', lastTransitionTime: at, reason: 'Story' }));
  const own = end === 'Complete' ? { completionTime: at, succeeded: 1 } : { failed: 1 };
  const status = { startTime: at, ...own, conditions };
  await story.request('PATCH', `${path}/${found?.metadata.name}/status`, { status });
}

describe('on a real API server, the Jobs of a flow whose end is recorded', () => {
  test.each([
    ['All', ['late/1', 'new/1', 'old/1']],
    ['Failed', ['late/1', 'new/1']],
    ['None', ['new/1']],
  ])('stay as retainJobs: %s says, and each for five minutes', async (retainJobs, kept) => {
    const story = await aStory();
    const steps = [aStep('old'), aStep('new'), aStep('late', [], { continueOnFailure: true })];
    await story.apply({ executionPolicy: { retainJobs }, steps });
    await endJob(story, 'old', 'Complete', 10);
    await endJob(story, 'late', 'Failed', 10);
    await endJob(story, 'new', 'Complete', 0);
    await story.untilPhase('Succeeded');
    await expect.poll(() => story.jobs(), { timeout: 20_000 }).toEqual(kept);
    expect(await story.states()).toMatchObject({ old: 'Succeeded', late: 'Failed JobFailed', new: 'Succeeded' });
  });
});
