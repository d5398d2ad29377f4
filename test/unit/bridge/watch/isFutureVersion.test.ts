import { expect, it } from 'vitest';
import { isFutureVersion } from '../../../../bridge/watch/isFutureVersion.ts';
import { type KubeApi, pods } from '../../../../lib/kube/kubeApi.ts';

const watched = { resource: pods, namespace: 'shop', labelSelector: 'app=postgres' };

function ask(serverVersion: string, resourceVersion: string) {
  const queries: unknown[] = [];
  const list: KubeApi['list'] = async (_resource, namespace, query) => {
    queries.push({ namespace, ...query });
    return { items: [], resourceVersion: serverVersion };
  };
  const api = { list } as Partial<KubeApi> as KubeApi;
  return { queries, answer: isFutureVersion(api, watched, resourceVersion, AbortSignal.timeout(1_000)) };
}

it('finds a server that has not reached the version', async () => {
  await expect(ask('999', '1000').answer).resolves.toBe(true);
});

it.each([
  ['has gone on', '1001', '1000'],
  // docs/guarantees.md#what-does-not-hold: with the same numbers, another history cannot be seen.
  ['was restored and has caught up', '1000', '1000'],
  ['orders versions in no way that a number says', 'b', 'c'],
])('does not find a server that %s', async (_, serverVersion, resourceVersion) => {
  await expect(ask(serverVersion, resourceVersion).answer).resolves.toBe(false);
});

it('asks for one object, as metadata, without a selector that the server would have to search with', async () => {
  const { queries, answer } = ask('1', '1');
  await answer;
  expect(queries).toEqual([{ namespace: 'shop', limit: 1, metadataOnly: true }]);
});
