/**
 * Tests that the status of pods is written apart, their spec hardly ever changes, and they end
 * with grace.
 */

import { describe, expect, it } from 'vitest';
import { anEviction, aPod, metadataOf, paths, refusal } from './objects.ts';
import { mergePatch, type Target } from './target.ts';
import { useNamespace } from './useNamespace.ts';

export function describePods(target: () => Target): void {
  describe('pods', () => {
    const at = paths(useNamespace(target, 'contract-pods'));

    it('starts a pod as Pending, whatever status was sent', async () => {
      const { ask } = target();
      const pod = { ...aPod('new'), status: { phase: 'Running', podIP: '10.0.0.1' } };
      const { body } = await ask('POST', at.pods, pod);
      expect(body).toMatchObject({
        metadata: { generation: 1 },
        spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30 },
        status: { phase: 'Pending' },
      });
      expect(body).not.toHaveProperty('status.podIP');
    });

    it("writes a pod's status and metadata through /status, and never its spec", async () => {
      const { ask } = target();
      await ask('POST', at.pods, aPod('status', {}, { labels: { app: 'a' } }));
      const patch = {
        metadata: { labels: { role: 'leader' } },
        spec: { nodeName: 'n9' },
        status: { phase: 'Running', podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
      };
      const { body } = await ask('PATCH', `${at.pods}/status/status`, patch, mergePatch);
      expect(body).toMatchObject({
        metadata: { generation: 1, labels: { app: 'a', role: 'leader' } },
        status: {
          phase: 'Running',
          podIP: '10.0.0.1',
          podIPs: [{ ip: '10.0.0.1' }],
          conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: null }],
        },
      });
      expect(body).not.toHaveProperty('spec.nodeName');
      expect((await ask('GET', `${at.pods}/status/status`)).body).toEqual(body);
    });

    it('ignores status on the pod itself', async () => {
      const { ask } = target();
      const before = await ask('POST', at.pods, aPod('apart'));
      const after = await ask('PATCH', `${at.pods}/apart`, { status: { phase: 'Failed' } }, mergePatch);
      expect(after.body).toEqual(before.body);
    });

    it("refuses to change anything of a pod's spec but its images", async () => {
      const { ask } = target();
      await ask('POST', at.pods, aPod('spec'));
      const node = await ask('PATCH', `${at.pods}/spec`, { spec: { nodeName: 'n1' } }, mergePatch);
      expect(node.body).toMatchObject(
        refusal(
          422,
          'Invalid',
          /^Pod "spec" is invalid: spec: Forbidden: pod updates may not change fields other than/,
        ),
      );
      const image = [{ op: 'replace', path: '/spec/containers/0/image', value: 'dev.local/app:2' }];
      const changed = await ask('PATCH', `${at.pods}/spec`, image, { contentType: 'application/json-patch+json' });
      expect(changed).toMatchObject({ status: 200, body: { metadata: { generation: 2 } } });
    });

    it('refuses a podIP that is not an address', async () => {
      const { ask } = target();
      await ask('POST', at.pods, aPod('address'));
      const patch = { status: { podIP: 'x', podIPs: [{ ip: 'x' }] } };
      const answer = await ask('PATCH', `${at.pods}/address/status`, patch, mergePatch);
      expect(answer.body).toMatchObject(
        refusal(422, 'Invalid', /status.podIPs\[0\]: Invalid value: "x": must be a valid IP/),
      );
    });

    it('removes a pod without a node at once', async () => {
      const { ask } = target();
      await ask('POST', at.pods, aPod('unbound'));
      expect(await ask('DELETE', `${at.pods}/unbound`)).toMatchObject({
        status: 200,
        body: { metadata: { deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 0 } },
      });
      expect(await ask('GET', `${at.pods}/unbound`)).toMatchObject({ status: 404 });
    });

    it('leaves a pod on a node terminating, until it is deleted without grace', async () => {
      const { ask } = target();
      await ask('POST', at.pods, aPod('bound', { nodeName: 'n1' }));
      const first = await ask('DELETE', `${at.pods}/bound`);
      expect(first).toMatchObject({
        status: 200,
        body: { metadata: { deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 30, generation: 2 } },
      });
      const again = await ask('DELETE', `${at.pods}/bound`);
      expect(metadataOf(again)).toMatchObject(metadataOf(first));
      const shorter = await ask('DELETE', `${at.pods}/bound`, { gracePeriodSeconds: 5 });
      expect(shorter.body).toMatchObject({ metadata: { deletionGracePeriodSeconds: 5 } });
      expect(await ask('DELETE', `${at.pods}/bound`, { gracePeriodSeconds: 0 })).toMatchObject({ status: 200 });
      expect(await ask('GET', `${at.pods}/bound`)).toMatchObject({ status: 404 });
    });

    it('evicts a pod, which is a deletion with its grace', async () => {
      const { ask } = target();
      const { uid } = metadataOf(await ask('POST', at.pods, aPod('evicted', { nodeName: 'n1' })));
      const eviction = anEviction('evicted', { preconditions: { uid } });
      expect(await ask('POST', `${at.pods}/evicted/eviction`, eviction)).toMatchObject({
        status: 201,
        body: { kind: 'Status', status: 'Success' },
      });
      const { body } = await ask('GET', `${at.pods}/evicted`);
      expect(body).toMatchObject({ metadata: { uid, deletionTimestamp: expect.any(String) } });
    });

    it('refuses the eviction of another pod of that name, and of none', async () => {
      const { ask } = target();
      await ask('POST', at.pods, aPod('other', { nodeName: 'n1' }));
      const eviction = anEviction('other', { preconditions: { uid: 'before' } });
      const other = await ask('POST', `${at.pods}/other/eviction`, eviction);
      expect(other.body).toMatchObject(
        refusal(409, 'Conflict', /the UID in the precondition \(before\) does not match/),
      );
      expect((await ask('GET', `${at.pods}/other`)).body).not.toHaveProperty('metadata.deletionTimestamp');
      const none = await ask('POST', `${at.pods}/none/eviction`, anEviction('none'));
      expect(none.body).toMatchObject(refusal(404, 'NotFound', /^pods "none" not found$/));
    });

    it('refuses an eviction of another name than its path, and any verb but create', async () => {
      const { ask } = target();
      await ask('POST', at.pods, aPod('named'));
      expect(await ask('POST', `${at.pods}/named/eviction`, anEviction('another'))).toMatchObject({ status: 400 });
      expect(await ask('GET', `${at.pods}/named/eviction`)).toMatchObject({ status: 405 });
      expect(await ask('GET', `${at.pods}/named`)).toMatchObject({ status: 200 });
    });

    it('removes a finished pod at once, wherever it ran', async () => {
      const { ask } = target();
      await ask('POST', at.pods, aPod('finished', { nodeName: 'n1' }));
      await ask('PATCH', `${at.pods}/finished/status`, { status: { phase: 'Succeeded' } }, mergePatch);
      await ask('DELETE', `${at.pods}/finished`);
      expect(await ask('GET', `${at.pods}/finished`)).toMatchObject({ status: 404 });
    });
  });
}
