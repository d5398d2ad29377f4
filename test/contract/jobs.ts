/** Tests the contract of Jobs: defaults, what cannot change, and their status. */

import { describe, expect, it } from 'vitest';
import { refusal } from './objects.ts';
import { mergePatch, type Target } from './target.ts';
import { useNamespace } from './useNamespace.ts';

const aJob = (name: string, spec: object = {}, pod: object = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, labels: { app: 'job' } },
  spec: {
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'dev.local/app:1' }], ...pod } },
    ...spec,
  },
});

export function describeJobs(target: () => Target): void {
  describe('Jobs', () => {
    const jobs = `/apis/batch/v1/namespaces/${useNamespace(target, 'contract-jobs')}/jobs`;

    it('fills in a Job, and selects its pods by its uid', async () => {
      const { body } = await target().ask('POST', jobs, aJob('filled', { backoffLimit: 0 }));
      const { uid } = (body as { metadata: { uid: string } }).metadata;
      const labels = { 'batch.kubernetes.io/controller-uid': uid, 'batch.kubernetes.io/job-name': 'filled' };
      expect(body).toMatchObject({
        metadata: { generation: 1, labels: { app: 'job' } },
        spec: {
          parallelism: 1,
          completions: 1,
          backoffLimit: 0,
          completionMode: 'NonIndexed',
          suspend: false,
          selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
          template: { metadata: { labels }, spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 30 } },
        },
        status: {},
      });
    });

    it('refuses a Job whose name is taken', async () => {
      const { ask } = target();
      await ask('POST', jobs, aJob('taken'));
      const answer = await ask('POST', jobs, aJob('taken'));
      expect(answer.body).toMatchObject(refusal(409, 'AlreadyExists', /jobs\.batch "taken" already exists/));
    });

    it.each([
      [
        'that restarts its pods for ever',
        {},
        { restartPolicy: 'Always' },
        /restartPolicy: (Unsupported|Required) value/,
      ],
      ['without containers', {}, { containers: [] }, /spec\.template\.spec\.containers: Required value/],
      [
        'with a limit below zero',
        { backoffLimit: -1 },
        {},
        /spec\.backoffLimit: Invalid value: -1: must be greater than/,
      ],
    ])('refuses a Job %s', async (_, spec, pod, message) => {
      const answer = await target().ask('POST', jobs, aJob('refused', spec, pod));
      expect(answer.body).toMatchObject(refusal(422, 'Invalid', message));
    });

    it('refuses another template of a Job, and takes its suspension', async () => {
      const { ask } = target();
      await ask('POST', jobs, aJob('fixed'));
      const template = { spec: { containers: [{ name: 'main', image: 'dev.local/app:2' }] } };
      expect((await ask('PATCH', `${jobs}/fixed`, { spec: { template } }, mergePatch)).body).toMatchObject(
        refusal(422, 'Invalid', /spec\.template: Invalid value: .*field is immutable/),
      );
      const suspended = await ask('PATCH', `${jobs}/fixed`, { spec: { suspend: true } }, mergePatch);
      expect(suspended.body).toMatchObject({ spec: { suspend: true }, metadata: { generation: 2 } });
    });

    it('takes the status of a Job by its subresource', async () => {
      const { ask } = target();
      await ask('POST', jobs, aJob('status'));
      const status = {
        active: 1,
        ready: 0,
        startTime: '2026-01-01T00:00:00Z',
        terminating: 0,
        uncountedTerminatedPods: {},
      };
      const patched = await ask('PATCH', `${jobs}/status/status`, { status }, mergePatch);
      expect(patched).toMatchObject({
        status: 200,
        body: { status: { active: 1, startTime: '2026-01-01T00:00:00Z' } },
      });
    });
  });
}
