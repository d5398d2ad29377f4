/**
 * Tests the contract of LIST: pages that belong together, versions, selectors.
 */

import { beforeAll, describe, expect, it } from 'vitest';
import { aConfigMap, aPod, aService, listOf, metadataOf, namesOf, paths, refusal, valueAt } from './objects.ts';
import { mergePatch, type Target } from './target.ts';
import { useNamespace } from './useNamespace.ts';

export function describeLists(target: () => Target): void {
  describe('lists', () => {
    const at = paths(useNamespace(target, 'contract-lists'));

    beforeAll(async () => {
      const { ask } = target();
      const labels = [{ app: 'a', tier: 'web' }, { app: 'b', tier: 'web' }, { app: 'b', tier: 'db' }, {}];
      for (const [index, each] of labels.entries()) {
        await ask('POST', at.services, aService(`s${index}`, {}, { labels: each }));
      }
      await ask('POST', at.pods, aPod('p0', { nodeName: 'n0' }));
      await ask('POST', at.pods, aPod('p1'));
      const status = { status: { phase: 'Running' } };
      await ask('PATCH', `${at.pods}/p1/status`, status, mergePatch);
    });

    it('returns pages of one revision, whatever is written in between', async () => {
      const { ask } = target();
      for (const name of ['a', 'b', 'c', 'd', 'e']) await ask('POST', at.configMaps, aConfigMap(`page-${name}`));
      const selector = 'fieldSelector=metadata.name!=kube-root-ca.crt';
      const first = listOf(await ask('GET', `${at.configMaps}?limit=2&${selector}`));
      expect(first.items.map(({ metadata }) => metadata.name)).toEqual(['page-a', 'page-b']);

      await ask('POST', at.configMaps, aConfigMap('page-bb'));
      await ask('DELETE', `${at.configMaps}/page-d`);
      const next = (token: string | undefined) => `${at.configMaps}?limit=2&${selector}&continue=${token ?? ''}`;
      const second = listOf(await ask('GET', next(first.metadata.continue)));
      const third = listOf(await ask('GET', next(second.metadata.continue)));

      expect(second.items.map(({ metadata }) => metadata.name)).toEqual(['page-c', 'page-d']);
      expect(third.items.map(({ metadata }) => metadata.name)).toEqual(['page-e']);
      expect(third.metadata.continue).toBeUndefined();
      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      expect(third.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    });

    it('counts the remaining objects of a page, unless a selector makes that unknown', async () => {
      const { ask } = target();
      expect(listOf(await ask('GET', `${at.services}?limit=1`)).metadata.remainingItemCount).toBe(3);
      const selected = listOf(await ask('GET', `${at.services}?limit=1&labelSelector=app`));
      expect(selected.metadata.remainingItemCount).toBeUndefined();
      expect(selected.metadata.continue).toEqual(expect.any(String));
    });

    it('leaves kind and apiVersion out of the items of a list', async () => {
      const { body } = await target().ask('GET', at.services);
      expect(body).toMatchObject({ kind: 'ServiceList', apiVersion: 'v1', items: [{ spec: {} }, {}, {}, {}] });
      expect(valueAt(body, 'items', '0')).not.toHaveProperty('kind');
      expect(valueAt(body, 'items', '0')).not.toHaveProperty('apiVersion');
    });

    it('gives a list the revision of the last write anywhere', async () => {
      const { ask } = target();
      const { resourceVersion } = metadataOf(await ask('POST', at.configMaps, aConfigMap('last-write')));
      const list = listOf(await ask('GET', at.services));
      expect(Number(list.metadata.resourceVersion)).toBeGreaterThanOrEqual(Number(resourceVersion));
    });

    it('lists an earlier revision when asked for exactly that', async () => {
      const { ask } = target();
      const before = listOf(await ask('GET', at.services)).metadata.resourceVersion;
      await ask('POST', at.services, aService('later'));
      await ask('DELETE', `${at.services}/later`);
      const exact = `resourceVersion=${before}&resourceVersionMatch=Exact`;
      const list = await ask('GET', `${at.services}?${exact}`);
      expect(namesOf(list)).toEqual(['s0', 's1', 's2', 's3']);
      expect(listOf(list).metadata.resourceVersion).toBe(before);
    });

    it('never lists less than the revision asked for', async () => {
      const { ask } = target();
      const { resourceVersion } = metadataOf(await ask('POST', at.configMaps, aConfigMap('fresh')));
      const query = `resourceVersion=${resourceVersion}&resourceVersionMatch=NotOlderThan`;
      expect(namesOf(await ask('GET', `${at.configMaps}?${query}`))).toContain('fresh');
    });

    it.each(['', '&resourceVersionMatch=NotOlderThan', '&resourceVersionMatch=Exact'])(
      'answers a revision from the future with 504 and Retry-After (%s)',
      async (match) => {
        const answer = await target().ask('GET', `${at.services}?resourceVersion=99999999${match}`);
        expect(answer.headers['retry-after']).toBe('1');
        expect(answer.body).toMatchObject({
          ...refusal(504, 'Timeout', /^Timeout: Too large resource version: 99999999, current: \d+$/),
          details: {
            causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
            retryAfterSeconds: 1,
          },
        });
      },
    );

    it.each([
      ['resourceVersion=abc', 400, /^invalid resource version: resourceVersion: Invalid value: "abc"/],
      ['resourceVersionMatch=Exact', 422, /resourceVersionMatch is forbidden unless resourceVersion is provided/],
      ['resourceVersion=1&resourceVersionMatch=Foo', 422, /resourceVersionMatch: Unsupported value: "Foo"/],
      ['resourceVersion=0&resourceVersionMatch=Exact', 422, /forbidden for resourceVersion "0"/],
      ['limit=abc', 400, /strconv.ParseInt: parsing "abc": invalid syntax/],
      ['limit=1&continue=abc', 400, /^invalid continue token: continue key is not valid/],
      ['labelSelector=x%20in%20(a', 400, /^unable to parse requirement: found '', expected: ',' or '\)'$/],
      ['labelSelector=a%3Db%20c', 400, /^found 'c', expected: ',' or 'end of string'$/],
      ['fieldSelector=spec.foo%3Dx', 400, /^field label not supported: spec.foo$/],
      ['fieldSelector=spec', 400, /^invalid selector: 'spec'; can't understand 'spec'$/],
    ])('refuses ?%s', async (query, status, message) => {
      expect(await target().ask('GET', `${at.services}?${query}`)).toMatchObject({
        status,
        body: { kind: 'Status', code: status, message: expect.stringMatching(message) },
      });
    });

    it.each([
      ['app=a', ['s0']],
      ['app==b,tier=db', ['s2']],
      ['app!=b', ['s0', 's3']],
      ['app', ['s0', 's1', 's2']],
      ['!app', ['s3']],
      ['app in (a,b),tier notin (db)', ['s0', 's1']],
      ['tier notin (web)', ['s2', 's3']],
      ['app=', []],
    ])('selects by labels: %s', async (selector, names) => {
      const answer = await target().ask('GET', `${at.services}?labelSelector=${encodeURIComponent(selector)}`);
      expect(namesOf(answer)).toEqual(names);
    });

    it.each([
      ['pods', 'metadata.name=p0', ['p0']],
      ['pods', 'metadata.name!=p0', ['p1']],
      ['pods', 'metadata.namespace=contract-lists,spec.nodeName=n0', ['p0']],
      ['pods', 'status.phase=Running', ['p1']],
      ['pods', 'status.phase!=Running', ['p0']],
      ['services', 'spec.type=NodePort', []],
    ] as const)('selects %s by fields: %s', async (resource, selector, names) => {
      const answer = await target().ask('GET', `${at[resource]}?fieldSelector=${encodeURIComponent(selector)}`);
      expect(namesOf(answer)).toEqual(names);
    });

    it('lists all namespaces in order of namespace and name', async () => {
      const answer = await target().ask('GET', '/api/v1/pods?limit=500');
      const keys = listOf(answer).items.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`);
      expect(keys).toEqual(keys.toSorted());
      expect(namesOf(answer)).toEqual(expect.arrayContaining(['p0', 'p1']));
    });
  });
}
