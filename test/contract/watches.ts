/**
 * Tests that WATCH sends every change once and in order, what a selector makes of a change,
 * bookmarks, and ends.
 */

import { describe, expect, it } from 'vitest';
import { aConfigMap, listOf, metadataOf, paths, valueAt } from './objects.ts';
import { mergePatch, type Target } from './target.ts';
import { useNamespace } from './useNamespace.ts';

export function describeWatches(target: () => Target): void {
  // Concurrent because a watch has to last a second to show that nothing more comes. Each test uses
  // an object of its own.
  describe.concurrent('watches', () => {
    const at = paths(useNamespace(target, 'contract-watches'));
    const revisionNow = async () => listOf(await target().ask('GET', at.configMaps)).metadata.resourceVersion;
    const from = (version: string, name: string, more = '') =>
      `${at.configMaps}?watch=1&timeoutSeconds=1&resourceVersion=${version}&fieldSelector=metadata.name%3D${name}${more}`;

    it('starts a watch without version with the current objects', async () => {
      const { ask, watch } = target();
      await ask('POST', at.configMaps, aConfigMap('there'));
      const lines = await watch(`${at.configMaps}?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dthere`);
      expect(lines).toMatchObject([
        { type: 'ADDED', object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'there' } } },
      ]);
    });

    it('resumes a watch after a version with every later change, once and in order', async () => {
      const { ask, watch } = target();
      const before = await revisionNow();
      await ask('POST', at.configMaps, aConfigMap('life'));
      await ask('PATCH', `${at.configMaps}/life`, { data: { a: '1' } }, mergePatch);
      const last = metadataOf(await ask('PATCH', `${at.configMaps}/life`, { data: { a: '2' } }, mergePatch));
      await ask('DELETE', `${at.configMaps}/life`);
      const lines = await watch(from(before, 'life'));
      expect(lines).toMatchObject([
        { type: 'ADDED', object: { metadata: { name: 'life' } } },
        { type: 'MODIFIED', object: { data: { a: '1' } } },
        { type: 'MODIFIED', object: { data: { a: '2' }, metadata: { resourceVersion: last.resourceVersion } } },
        { type: 'DELETED', object: { data: { a: '2' } } },
      ]);
    });

    it('gives a deleted object the revision of its deletion, to resume from', async () => {
      const { ask, watch } = target();
      const created = metadataOf(await ask('POST', at.configMaps, aConfigMap('gone')));
      await ask('DELETE', `${at.configMaps}/gone`);
      const [line] = await watch(from(created.resourceVersion, 'gone'));
      expect(line).toMatchObject({ type: 'DELETED', object: { metadata: { uid: created.uid } } });
      const deletedAt = String(valueAt(line, 'object', 'metadata', 'resourceVersion'));
      expect(Number(deletedAt)).toBeGreaterThan(Number(created.resourceVersion));
      expect(await watch(from(deletedAt, 'gone'))).toEqual([]);
    });

    it('sends changes while the watch runs', async () => {
      const { ask, watch } = target();
      const before = await revisionNow();
      const lines = watch(from(before, 'live').replace('=1&resource', '=10&resource'), { count: 2 });
      await ask('POST', at.configMaps, aConfigMap('live'));
      await ask('PATCH', `${at.configMaps}/live`, { data: { a: '1' } }, mergePatch);
      expect(await lines).toMatchObject([{ type: 'ADDED' }, { type: 'MODIFIED' }]);
    });

    it('shows an object that leaves the selector as deleted, as it was, and one that enters it as added', async () => {
      const { ask, watch } = target();
      const before = await revisionNow();
      await ask('POST', at.configMaps, aConfigMap('moving', { labels: { role: 'in' } }));
      const out = { metadata: { labels: { role: 'out' } } };
      const left = metadataOf(await ask('PATCH', `${at.configMaps}/moving`, out, mergePatch));
      await ask('PATCH', `${at.configMaps}/moving`, { data: { unseen: '1' } }, mergePatch);
      await ask('PATCH', `${at.configMaps}/moving`, { metadata: { labels: { role: 'in' } } }, mergePatch);
      const lines = await watch(from(before, 'moving', '&labelSelector=role%3Din'));
      expect(lines).toMatchObject([
        { type: 'ADDED' },
        { type: 'DELETED', object: { metadata: { labels: { role: 'in' }, resourceVersion: left.resourceVersion } } },
        { type: 'ADDED', object: { data: { unseen: '1' } } },
      ]);
    });

    it('marks the end of the initial state for a client that allows bookmarks', async () => {
      const { ask, watch } = target();
      await ask('POST', at.configMaps, aConfigMap('marked'));
      const query = 'watch=1&timeoutSeconds=1&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dmarked';
      const lines = await watch(`${at.configMaps}?${query}`);
      // A busy server may send another bookmark before the end.
      expect(lines.slice(0, 2)).toMatchObject([
        { type: 'ADDED' },
        {
          type: 'BOOKMARK',
          object: {
            kind: 'ConfigMap',
            apiVersion: 'v1',
            metadata: {
              resourceVersion: expect.stringMatching(/^\d+$/),
              annotations: { 'k8s.io/initial-events-end': 'true' },
            },
          },
        },
      ]);
    });

    it('sends nothing from a future version, bookmarks included', async () => {
      expect(await target().watch(from('99999999', 'any', '&allowWatchBookmarks=true'))).toEqual([]);
    });

    it('sends metadata only when the client asks for it', async () => {
      const { ask, watch } = target();
      await ask('POST', at.configMaps, { ...aConfigMap('slim'), data: { big: 'x' } });
      const [line] = await watch(`${at.configMaps}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dslim`, {
        accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      });
      expect(line).toMatchObject({
        type: 'ADDED',
        object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'slim' } },
      });
      expect(line).not.toHaveProperty('object.data');
    });

    it('sends tables when the client asks for them', async () => {
      const { ask, watch } = target();
      await ask('POST', at.configMaps, aConfigMap('row'));
      const lines = await watch(`${at.configMaps}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Drow`, {
        accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
      });
      expect(lines).toMatchObject([
        { type: 'ADDED', object: { kind: 'Table', rows: [{ cells: ['row', 0, expect.any(String)] }] } },
      ]);
    });

    it.each([
      ['resourceVersion=abc', 500],
      ['resourceVersion=1&resourceVersionMatch=Exact', 422],
      ['sendInitialEvents=true', 422],
      ['labelSelector=x%20in%20(a', 400],
    ])('refuses ?%s before it starts', async (query, status) => {
      expect(await target().ask('GET', `${at.configMaps}?watch=1&timeoutSeconds=1&${query}`)).toMatchObject({ status });
    });
  });
}
