/**
 * Tests the contract of preconditions, on which S3 of docs/guarantees.md rests: which writes are
 * refused, with which status, and that they then change nothing.
 */

import { describe, expect, it } from 'vitest';
import { aConfigMap, aService, metadataOf, paths, refusal } from './objects.ts';
import { mergePatch, type Target } from './target.ts';
import { useNamespace } from './useNamespace.ts';

const strangeUid = '11111111-1111-1111-1111-111111111111';
const modified =
  'Operation cannot be fulfilled on configmaps "{}": the object has been modified; please apply your changes to the latest version and try again';

export function describeConflicts(target: () => Target): void {
  describe('preconditions', () => {
    const at = paths(useNamespace(target, 'contract-conflicts'));

    it('refuses a write against an older resourceVersion and leaves the object as it was', async () => {
      const { ask } = target();
      const old = metadataOf(await ask('POST', at.configMaps, aConfigMap('stale')));
      const current = await ask('PATCH', `${at.configMaps}/stale`, { data: { a: '1' } }, mergePatch);
      const expected = { ...refusal(409, 'Conflict', modified.replace('{}', 'stale')), metadata: {} };

      const patch = { metadata: { resourceVersion: old.resourceVersion }, data: { a: '2' } };
      const patched = await ask('PATCH', `${at.configMaps}/stale`, patch, mergePatch);
      const put = await ask('PUT', `${at.configMaps}/stale`, aConfigMap('stale', old));

      expect(patched.body).toEqual({ ...expected, details: { name: 'stale', kind: 'configmaps' } });
      expect(put.body).toEqual(patched.body);
      expect((await ask('GET', `${at.configMaps}/stale`)).body).toEqual(current.body);
    });

    it('accepts a patch that names the current resourceVersion and uid', async () => {
      const { ask } = target();
      const { uid, resourceVersion } = metadataOf(await ask('POST', at.configMaps, aConfigMap('current')));
      const patch = { metadata: { uid, resourceVersion }, data: { a: '1' } };
      const answer = await ask('PATCH', `${at.configMaps}/current`, patch, mergePatch);
      expect(answer).toMatchObject({ status: 200, body: { data: { a: '1' } } });
      expect(metadataOf(answer).resourceVersion).not.toBe(resourceVersion);
    });

    it.each(['', '0'])('ignores the resourceVersion "%s" as a precondition', async (resourceVersion) => {
      const { ask } = target();
      const name = `none-${resourceVersion || 'empty'}`;
      await ask('POST', at.configMaps, aConfigMap(name));
      const patch = { metadata: { resourceVersion }, data: { a: '1' } };
      expect(await ask('PATCH', `${at.configMaps}/${name}`, patch, mergePatch)).toMatchObject({ status: 200 });
    });

    it('refuses a resourceVersion that is not a number', async () => {
      const { ask } = target();
      await ask('POST', at.configMaps, aConfigMap('garbage'));
      const patch = { metadata: { resourceVersion: 'abc' }, data: { a: '1' } };
      expect(await ask('PATCH', `${at.configMaps}/garbage`, patch, mergePatch)).toMatchObject({
        status: 500,
        body: { kind: 'Status', message: 'strconv.ParseUint: parsing "abc": invalid syntax', code: 500 },
      });
    });

    it('refuses a patch that names another uid as invalid, twice among the causes', async () => {
      const { ask } = target();
      await ask('POST', at.configMaps, aConfigMap('other-uid'));
      const patch = { metadata: { uid: strangeUid }, data: { a: '1' } };
      const cause = {
        reason: 'FieldValueInvalid',
        message: `Invalid value: "${strangeUid}": field is immutable`,
        field: 'metadata.uid',
      };
      const answer = await ask('PATCH', `${at.configMaps}/other-uid`, patch, mergePatch);
      expect(answer.body).toEqual({
        ...refusal(422, 'Invalid', `ConfigMap "other-uid" is invalid: metadata.uid: ${cause.message}`),
        metadata: {},
        details: { name: 'other-uid', kind: 'ConfigMap', causes: [cause, cause] },
      });
    });

    it('checks the resourceVersion of a patch before its uid', async () => {
      const { ask } = target();
      await ask('POST', at.configMaps, aConfigMap('both'));
      const patch = { metadata: { uid: strangeUid, resourceVersion: '1' } };
      const answer = await ask('PATCH', `${at.configMaps}/both`, patch, mergePatch);
      expect(answer.body).toMatchObject(refusal(409, 'Conflict', modified.replace('{}', 'both')));
    });

    it('refuses a PUT that names another uid as a conflict', async () => {
      const { ask } = target();
      await ask('POST', at.configMaps, aConfigMap('put-uid'));
      const answer = await ask('PUT', `${at.configMaps}/put-uid`, aConfigMap('put-uid', { uid: strangeUid }));
      expect(answer.body).toMatchObject(refusal(409, 'Conflict', /Precondition failed: UID in precondition: 1111/));
    });

    it('refuses a delete whose uid or resourceVersion is not the stored one', async () => {
      const { ask } = target();
      const { uid, resourceVersion } = metadataOf(await ask('POST', at.configMaps, aConfigMap('kept')));
      const byUid = await ask('DELETE', `${at.configMaps}/kept`, { preconditions: { uid: strangeUid } });
      const byVersion = await ask('DELETE', `${at.configMaps}/kept`, { preconditions: { resourceVersion: '1' } });
      const prefix = 'Operation cannot be fulfilled on ConfigMap "kept": the ';
      expect(byUid.body).toMatchObject({
        ...refusal(
          409,
          'Conflict',
          `${prefix}UID in the precondition (${strangeUid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
        ),
        details: { name: 'kept', kind: 'ConfigMap' },
      });
      expect(byVersion.body).toMatchObject(
        refusal(
          409,
          'Conflict',
          `${prefix}ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
        ),
      );
      const preconditions = { uid, resourceVersion };
      expect(await ask('DELETE', `${at.configMaps}/kept`, { preconditions })).toMatchObject({ status: 200 });
    });

    it('refuses to create an object that exists', async () => {
      const { ask } = target();
      await ask('POST', at.services, aService('twice'));
      expect((await ask('POST', at.services, aService('twice'))).body).toEqual({
        ...refusal(409, 'AlreadyExists', 'services "twice" already exists'),
        metadata: {},
        details: { name: 'twice', kind: 'services' },
      });
    });

    it.each(['GET', 'PATCH', 'DELETE'])('answers %s of a missing object with 404', async (method) => {
      const body = method === 'PATCH' ? {} : undefined;
      const answer = await target().ask(method, `${at.slices}/nowhere`, body, mergePatch);
      expect(answer.body).toEqual({
        ...refusal(404, 'NotFound', 'endpointslices.discovery.k8s.io "nowhere" not found'),
        metadata: {},
        details: { name: 'nowhere', group: 'discovery.k8s.io', kind: 'endpointslices' },
      });
    });

    it('creates a Service by PUT, but no ConfigMap', async () => {
      const { ask } = target();
      expect(await ask('PUT', `${at.services}/by-put`, aService('by-put'))).toMatchObject({ status: 201 });
      expect(await ask('PUT', `${at.configMaps}/by-put`, aConfigMap('by-put'))).toMatchObject({ status: 404 });
    });

    it('replaces a Lease only with its resourceVersion', async () => {
      const { ask } = target();
      const lease = (resourceVersion?: string) => ({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'held', ...(resourceVersion === undefined ? {} : { resourceVersion }) },
        spec: { holderIdentity: 'a', leaseDurationSeconds: 15 },
      });
      const { resourceVersion } = metadataOf(await ask('POST', at.leases, lease()));
      expect((await ask('PUT', `${at.leases}/held`, lease())).body).toMatchObject(
        refusal(422, 'Invalid', /metadata\.resourceVersion: Invalid value: .*: must be specified for an update/),
      );
      const put = await ask('PUT', `${at.leases}/held`, lease(resourceVersion));
      expect(put).toMatchObject({ status: 200 });
    });

    it('keeps the resourceVersion of an object that a write does not change', async () => {
      const { ask } = target();
      await ask('POST', at.services, aService('same', {}, { labels: { a: 'b' } }));
      const before = await ask('GET', `${at.services}/same`);
      const after = await ask('PATCH', `${at.services}/same`, { metadata: { labels: { a: 'b' } } }, mergePatch);
      expect(metadataOf(after).resourceVersion).toBe(metadataOf(before).resourceVersion);
    });

    it('stores nothing in a dry run, but checks everything', async () => {
      const { ask } = target();
      expect(await ask('POST', `${at.services}?dryRun=All`, aService('dry'))).toMatchObject({ status: 201 });
      expect(await ask('GET', `${at.services}/dry`)).toMatchObject({ status: 404 });
      expect(await ask('POST', `${at.services}?dryRun=All`, aService('dry', { ports: [] }))).toMatchObject({
        status: 422,
      });
    });

    it('refuses a resourceVersion on an object to be created', async () => {
      const answer = await target().ask('POST', at.configMaps, aConfigMap('versioned', { resourceVersion: '5' }));
      expect(answer).toMatchObject({
        status: 500,
        body: { message: 'resourceVersion should not be set on objects to be created' },
      });
    });

    it('refuses a body that names another object than the URL', async () => {
      const { ask } = target();
      await ask('POST', at.configMaps, aConfigMap('named'));
      expect((await ask('PUT', `${at.configMaps}/named`, aConfigMap('other'))).body).toMatchObject(
        refusal(400, 'BadRequest', 'the name of the object (other) does not match the name on the URL (named)'),
      );
      const elsewhere = aConfigMap('elsewhere', { namespace: 'default' });
      expect((await ask('POST', at.configMaps, elsewhere)).body).toMatchObject(
        refusal(
          400,
          'BadRequest',
          'the namespace of the provided object does not match the namespace sent on the request',
        ),
      );
    });
  });
}
