/**
 * Tests that the API server refuses a forgotten past in the three places where a client can ask
 * for it.
 */

import { beforeAll, describe, expect, it } from 'vitest';
import { aConfigMap, listOf, namesOf, paths, refusal, valueAt } from './objects.ts';
import type { Target } from './target.ts';
import { useNamespace } from './useNamespace.ts';

export function describeExpiry(target: () => Target): void {
  describe('expiry', () => {
    const at = paths(useNamespace(target, 'contract-expiry'));
    let old = { resourceVersion: '', continue: '' };

    beforeAll(async () => {
      const { ask, expire } = target();
      for (const name of ['a', 'b', 'c']) await ask('POST', at.configMaps, aConfigMap(name));
      const { metadata } = listOf(await ask('GET', `${at.configMaps}?limit=1&labelSelector=!x`));
      old = { resourceVersion: metadata.resourceVersion, continue: metadata.continue ?? '' };
      await ask('POST', at.configMaps, aConfigMap('d'));
      await expire();
      await ask('POST', at.configMaps, aConfigMap('e'));
    }, 120_000);

    it('ends a watch from a forgotten version with an ERROR line of 410, after 200', async () => {
      const path = `${at.configMaps}?watch=1&timeoutSeconds=5&resourceVersion=${old.resourceVersion}`;
      const { ask, watch } = target();
      expect(await watch(path)).toMatchObject([
        { type: 'ERROR', object: refusal(410, 'Expired', /^too old resource version: \d+ \(\d+\)$/) },
      ]);
      expect(await ask('GET', path)).toMatchObject({ status: 200 });
    });

    it('refuses a list of exactly a forgotten version with 410', async () => {
      const query = `resourceVersion=${old.resourceVersion}&resourceVersionMatch=Exact`;
      const answer = await target().ask('GET', `${at.configMaps}?${query}`);
      expect(answer.body).toMatchObject(refusal(410, 'Expired', /too old|expired/));
    });

    it('refuses the next page of a forgotten list with 410, and offers a token to continue without consistency', async () => {
      const { ask } = target();
      const page = (token: string) => ask('GET', `${at.configMaps}?limit=2&labelSelector=!x&continue=${token}`);
      const refused = await page(old.continue);
      expect(refused.body).toMatchObject({
        ...refusal(410, 'Expired', /^The provided continue parameter is too old to display a consistent list result\./),
        metadata: { continue: expect.any(String) },
      });
      const next = await page(String(valueAt(refused.body, 'metadata', 'continue')));
      expect(next.status).toBe(200);
      expect(namesOf(next)).toEqual(['b', 'c']);
    });

    it('watches and lists from the present version', async () => {
      const { ask, watch } = target();
      const { resourceVersion } = listOf(await ask('GET', at.configMaps)).metadata;
      const lines = watch(`${at.configMaps}?watch=1&timeoutSeconds=10&resourceVersion=${resourceVersion}`, {
        count: 1,
      });
      await ask('POST', at.configMaps, aConfigMap('f'));
      expect(await lines).toMatchObject([{ type: 'ADDED', object: { metadata: { name: 'f' } } }]);
    });
  });
}
