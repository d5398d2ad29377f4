/**
 * Tests what follows a deletion: finalizers, owners, namespaces. A real cluster needs its
 * controller manager for the last two.
 */

import { describe, expect, it, vi } from 'vitest';
import { aConfigMap, aPod, aService, aSlice, metadataOf, paths, refusal } from './objects.ts';
import { mergePatch, type Target } from './target.ts';
import { useNamespace } from './useNamespace.ts';

/**
 * Controllers of a real cluster learn of changes through watches. The one for namespaces checks
 * again after half the pods' grace.
 */
const eventually = { timeout: 60_000, interval: 50 };

export function describeDeletion(target: () => Target): void {
  describe('deletion', () => {
    const at = paths(useNamespace(target, 'contract-deletion'));
    const ownedBy = (name: string, uid: string, more: object = {}) => ({
      apiVersion: 'v1',
      kind: 'Service',
      name,
      uid,
      ...more,
    });
    const isGone = (path: string) =>
      vi.waitFor(async () => expect(await target().ask('GET', path)).toMatchObject({ status: 404 }), eventually);

    it('answers a delete with the object or with a Status, as the kind does', async () => {
      const { ask } = target();
      const { uid } = metadataOf(await ask('POST', at.configMaps, aConfigMap('status')));
      expect(await ask('DELETE', `${at.configMaps}/status`)).toMatchObject({
        status: 200,
        body: { kind: 'Status', status: 'Success', details: { name: 'status', kind: 'configmaps', uid } },
      });
      await ask('POST', at.services, aService('object'));
      expect(await ask('DELETE', `${at.services}/object`)).toMatchObject({ status: 200, body: { kind: 'Service' } });
    });

    it('keeps a deleted object until its last finalizer is gone, and takes no new ones', async () => {
      const { ask } = target();
      await ask('POST', at.configMaps, aConfigMap('held', { finalizers: ['a.b/c'] }));
      expect((await ask('DELETE', `${at.configMaps}/held`)).body).toMatchObject({
        metadata: { deletionTimestamp: expect.any(String), finalizers: ['a.b/c'] },
      });
      const more = { metadata: { finalizers: ['a.b/c', 'd.e/f'] } };
      expect((await ask('PATCH', `${at.configMaps}/held`, more, mergePatch)).body).toMatchObject(
        refusal(422, 'Invalid', /no new finalizers can be added if the object is being deleted/),
      );
      const none = { metadata: { finalizers: null } };
      expect(await ask('PATCH', `${at.configMaps}/held`, none, mergePatch)).toMatchObject({ status: 200 });
      expect(await ask('GET', `${at.configMaps}/held`)).toMatchObject({ status: 404 });
    });

    it('collects what a deleted Service owned, and nothing else', async () => {
      const { ask } = target();
      const { uid } = metadataOf(await ask('POST', at.services, aService('owner')));
      await ask(
        'POST',
        at.slices,
        aSlice('owned', {}, { ownerReferences: [ownedBy('owner', uid, { controller: true })] }),
      );
      await ask('POST', at.services, aService('owned', {}, { ownerReferences: [ownedBy('owner', uid)] }));
      await ask('POST', at.slices, aSlice('free'));
      await ask('DELETE', `${at.services}/owner`);
      await isGone(`${at.slices}/owned`);
      await isGone(`${at.services}/owned`);
      expect(await ask('GET', `${at.slices}/free`)).toMatchObject({ status: 200 });
    });

    it('collects an object whose owner is gone, though a namesake of the owner exists', async () => {
      const { ask } = target();
      await ask('POST', at.services, aService('namesake'));
      const ownerReferences = [ownedBy('namesake', '99999999-9999-9999-9999-999999999999')];
      await ask('POST', at.slices, aSlice('stray', {}, { ownerReferences }));
      await isGone(`${at.slices}/stray`);
    });

    it('keeps an object that one of two owners still holds, and drops the other owner from it', async () => {
      const { ask } = target();
      const first = metadataOf(await ask('POST', at.services, aService('first')));
      const second = metadataOf(await ask('POST', at.services, aService('second')));
      const ownerReferences = [ownedBy('first', first.uid), ownedBy('second', second.uid)];
      await ask('POST', at.slices, aSlice('shared', {}, { ownerReferences }));
      await ask('DELETE', `${at.services}/first`);
      await vi.waitFor(
        async () =>
          expect((await ask('GET', `${at.slices}/shared`)).body).toHaveProperty('metadata.ownerReferences', [
            ownedBy('second', second.uid),
          ]),
        eventually,
      );
    });

    it('leaves dependents without owner after a delete that orphans them', async () => {
      const { ask } = target();
      const { uid } = metadataOf(await ask('POST', at.services, aService('parent')));
      await ask('POST', at.slices, aSlice('orphan', {}, { ownerReferences: [ownedBy('parent', uid)] }));
      // A collector that has not seen the slice yet would let its owner go. Once this object is
      // gone, the collector has seen it.
      const noOwner = [ownedBy('no-owner', '88888888-8888-8888-8888-888888888888')];
      await ask('POST', at.slices, aSlice('seen', {}, { ownerReferences: noOwner }));
      await isGone(`${at.slices}/seen`);
      await ask('DELETE', `${at.services}/parent`, { propagationPolicy: 'Orphan' });
      await isGone(`${at.services}/parent`);
      const orphan = await ask('GET', `${at.slices}/orphan`);
      expect(orphan.status).toBe(200);
      expect(orphan.body).not.toHaveProperty('metadata.ownerReferences');
    });

    it('deletes dependents first in a foreground deletion', async () => {
      const { ask } = target();
      const { uid } = metadataOf(await ask('POST', at.services, aService('front')));
      const ownerReferences = [ownedBy('front', uid, { blockOwnerDeletion: true })];
      await ask('POST', at.slices, aSlice('behind', {}, { ownerReferences, finalizers: ['a.b/c'] }));
      await ask('DELETE', `${at.services}/front`, { propagationPolicy: 'Foreground' });
      await vi.waitFor(
        async () => expect((await ask('GET', `${at.slices}/behind`)).body).toHaveProperty('metadata.deletionTimestamp'),
        eventually,
      );
      expect((await ask('GET', `${at.services}/front`)).body).toMatchObject({
        metadata: { finalizers: ['foregroundDeletion'] },
      });
      await ask('PATCH', `${at.slices}/behind`, { metadata: { finalizers: null } }, mergePatch);
      await isGone(`${at.services}/front`);
      await isGone(`${at.slices}/behind`);
    });

    it('refuses an unknown propagation policy', async () => {
      const answer = await target().ask('DELETE', `${at.services}/any`, { propagationPolicy: 'Foo' });
      expect(answer.body).toMatchObject(refusal(422, 'Invalid', /propagationPolicy: Unsupported value: "Foo"/));
    });

    it('empties a deleted namespace, and takes no new object into it', async () => {
      const { ask } = target();
      const name = 'contract-doomed';
      const doomed = paths(name);
      await ask('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      await ask('POST', doomed.services, aService('db'));
      await ask('POST', doomed.pods, aPod('db-0', { nodeName: 'n1' }));
      expect((await ask('DELETE', `/api/v1/namespaces/${name}`)).body).toMatchObject({
        metadata: { deletionTimestamp: expect.any(String) },
        status: { phase: 'Terminating' },
      });
      expect((await ask('POST', doomed.services, aService('late'))).body).toMatchObject({
        ...refusal(
          403,
          'Forbidden',
          `services "late" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
        ),
        details: { name: 'late', kind: 'services', causes: [{ reason: 'NamespaceTerminating' }] },
      });
      // Pods go first, and this one waits for its kubelet, whose part the test plays.
      await vi.waitFor(
        async () => expect((await ask('GET', `${doomed.pods}/db-0`)).body).toHaveProperty('metadata.deletionTimestamp'),
        eventually,
      );
      expect(await ask('GET', `${doomed.services}/db`)).toMatchObject({ status: 200 });
      await ask('DELETE', `${doomed.pods}/db-0`, { gracePeriodSeconds: 0 });
      await isGone(`${doomed.services}/db`);
      await isGone(`/api/v1/namespaces/${name}`);
    }, 120_000);

    it('never deletes the namespace default', async () => {
      const answer = await target().ask('DELETE', '/api/v1/namespaces/default');
      expect(answer.body).toMatchObject(
        refusal(403, 'Forbidden', 'namespaces "default" is forbidden: this namespace may not be deleted'),
      );
    });
  });
}
