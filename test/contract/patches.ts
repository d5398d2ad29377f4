/**
 * Tests the contract of the three patches.
 */

import { describe, expect, it } from 'vitest';
import { aPod, aService, paths, refusal } from './objects.ts';
import { jsonPatch, mergePatch, strategicPatch, type Target } from './target.ts';
import { useNamespace } from './useNamespace.ts';

const port = (number: number, name: string) => ({ name, port: number, protocol: 'TCP', targetPort: number });

export function describePatches(target: () => Target): void {
  describe('patches', () => {
    const at = paths(useNamespace(target, 'contract-patches'));

    const table: readonly (readonly [string, object, object | readonly object[], object])[] = [
      [
        'a merge patch replaces lists and removes what is null',
        mergePatch,
        { metadata: { labels: { a: null, c: 'd' } }, spec: { ports: [{ port: 81, name: 'only' }] } },
        { metadata: { labels: { c: 'd' } }, spec: { ports: [port(81, 'only')] } },
      ],
      [
        'a JSON patch adds, replaces, moves and tests',
        jsonPatch,
        [
          { op: 'test', path: '/spec/ports/0/name', value: 'one' },
          { op: 'replace', path: '/spec/ports/0/name', value: 'first' },
          { op: 'add', path: '/metadata/labels/x.y~1z', value: 'w' },
          { op: 'move', from: '/metadata/labels/a', path: '/metadata/labels/moved' },
          { op: 'remove', path: '/spec/ports/1' },
        ],
        { metadata: { labels: { 'x.y/z': 'w', moved: 'b' } }, spec: { ports: [port(80, 'first')] } },
      ],
      [
        'a strategic patch merges ports by number, new ones before those it does not name',
        strategicPatch,
        {
          spec: {
            ports: [
              { port: 82, name: 'three' },
              { port: 81, name: 'renamed' },
            ],
          },
        },
        { spec: { ports: [port(82, 'three'), port(80, 'one'), port(81, 'renamed')] } },
      ],
      [
        'a strategic patch deletes an element by its merge key',
        strategicPatch,
        { spec: { ports: [{ $patch: 'delete', port: 80 }] } },
        { spec: { ports: [port(81, 'two')] } },
      ],
      [
        'a strategic patch makes again what it deletes and names',
        strategicPatch,
        {
          spec: {
            ports: [
              { port: 80, name: 'again' },
              { port: 80, $patch: 'delete' },
            ],
          },
        },
        { spec: { ports: [{ ...port(80, 'again') }, port(81, 'two')] } },
      ],
      [
        'a strategic patch replaces a list on request',
        strategicPatch,
        { spec: { ports: [{ $patch: 'replace' }, { port: 90, name: 'only' }] } },
        { spec: { ports: [port(90, 'only')] } },
      ],
      [
        'a strategic patch puts elements in the order it names',
        strategicPatch,
        { spec: { '$setElementOrder/ports': [{ port: 81 }, { port: 80 }], ports: [{ port: 80, name: 'uno' }] } },
        { spec: { ports: [port(81, 'two'), port(80, 'uno')] } },
      ],
      [
        'a strategic patch replaces a map on request',
        strategicPatch,
        { spec: { selector: { $patch: 'replace', q: 'r' } } },
        { spec: { selector: { q: 'r' } } },
      ],
    ];
    it.each(table)('%s', async (title, form, patch, expected) => {
      const { ask } = target();
      const name = `p${table.findIndex(([each]) => each === title)}`;
      const ports = [
        { port: 80, name: 'one' },
        { port: 81, name: 'two' },
      ];
      await ask('POST', at.services, aService(name, { ports, selector: { app: 'x' } }, { labels: { a: 'b' } }));
      const answer = await ask('PATCH', `${at.services}/${name}`, patch, form);
      expect(answer).toMatchObject({ status: 200, body: expected });
      const { body } = await ask('GET', `${at.services}/${name}`);
      expect(body).toEqual(answer.body);
    });

    it('merges containers by name and conditions by type', async () => {
      const { ask } = target();
      await ask('POST', at.pods, aPod('keyed'));
      const image = { spec: { containers: [{ name: 'main', image: 'dev.local/app:2' }] } };
      expect(await ask('PATCH', `${at.pods}/keyed`, image, strategicPatch)).toMatchObject({
        status: 200,
        body: { spec: { containers: [{ name: 'main', image: 'dev.local/app:2' }] } },
      });
      const condition = (type: string, status: string) => ({ status: { conditions: [{ type, status }] } });
      await ask('PATCH', `${at.pods}/keyed/status`, condition('Ready', 'True'), strategicPatch);
      await ask('PATCH', `${at.pods}/keyed/status`, condition('Other', 'True'), strategicPatch);
      const last = await ask('PATCH', `${at.pods}/keyed/status`, condition('Ready', 'False'), strategicPatch);
      expect(last.body).toMatchObject({
        status: {
          conditions: [
            { type: 'Other', status: 'True' },
            { type: 'Ready', status: 'False' },
          ],
        },
      });
    });

    it('removes one owner by uid', async () => {
      const { ask } = target();
      const owner = (uid: string) => ({ apiVersion: 'v1', kind: 'Pod', name: 'keyed', uid });
      const owners = [owner('aaaa'), owner('bbbb')];
      // The finalizer keeps it from being collected, because neither owner exists.
      const metadata = { ownerReferences: owners, finalizers: ['contract.test/kept'] };
      await ask('POST', at.services, aService('owned', {}, metadata));
      const patch = { metadata: { ownerReferences: [{ $patch: 'delete', uid: 'aaaa' }] } };
      const answer = await ask('PATCH', `${at.services}/owned`, patch, strategicPatch);
      expect(answer.body).toMatchObject({ metadata: { ownerReferences: [owner('bbbb')] } });
      await ask('PATCH', `${at.services}/owned`, { metadata: { finalizers: null } }, mergePatch);
    });

    it.each([
      ['a test that fails', jsonPatch, [{ op: 'test', path: '/metadata/name', value: 'x' }], 422],
      ['a path that is not there', jsonPatch, [{ op: 'remove', path: '/metadata/nope' }], 422],
      ['an operation that does not exist', jsonPatch, [{ op: 'frob', path: '/metadata/name' }], 422],
      ['a JSON patch that is not a list', jsonPatch, { op: 'test' }, 400],
      ['a merge patch that is a list', mergePatch, [], 400],
      ['a merge directive in a list', strategicPatch, { spec: { ports: [{ $patch: 'merge', port: 80 }] } }, 500],
      ['a list element without its merge key', strategicPatch, { spec: { ports: [{ name: 'x' }] } }, 500],
      ['another name', mergePatch, { metadata: { name: 'zz' } }, 400],
      ['a list where text belongs', mergePatch, { spec: { type: [] } }, 422],
    ])('refuses %s, and changes nothing', async (_, form, patch, status) => {
      const { ask } = target();
      await ask('POST', at.services, aService('refused'));
      const before = await ask('GET', `${at.services}/refused`);
      expect(await ask('PATCH', `${at.services}/refused`, patch, form)).toMatchObject({ status });
      expect((await ask('GET', `${at.services}/refused`)).body).toEqual(before.body);
    });

    it('refuses a media type that is not a patch', async () => {
      const answer = await target().ask('PATCH', `${at.services}/refused`, {}, { contentType: 'text/plain' });
      expect(answer.body).toMatchObject(refusal(415, 'UnsupportedMediaType', '415: Unsupported Media Type'));
    });
  });
}
