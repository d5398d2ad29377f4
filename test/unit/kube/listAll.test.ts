import { expect, it } from 'vitest';
import { ZenLeadError } from '../../../lib/errors.ts';
import { type KubeApi, type ListPage, type ListQuery, pods } from '../../../lib/kube/kubeApi.ts';
import { listAll } from '../../../lib/kube/listAll.ts';

const gone = new ZenLeadError('KUBE_GONE', 'the continue token is too old', { retry: 'later' });
const tooLarge = new ZenLeadError('KUBE_VERSION_TOO_LARGE', 'too large resource version', { retry: 'later' });
const page = (version: string, items: readonly unknown[], next?: string): ListPage => ({
  resourceVersion: version,
  items,
  ...(next === undefined ? {} : { continue: next }),
});

async function list(answers: readonly (ListPage | Error)[], notOlderThan?: string) {
  const queries: ListQuery[] = [];
  const api: Pick<KubeApi, 'list'> = {
    async list(_resource, _namespace, query) {
      const answer = answers[queries.push(query) - 1];
      if (answer === undefined || answer instanceof Error) throw answer;
      return answer;
    },
  };
  let items: unknown[] = [];
  const begin = () => {
    items = [];
    return (item: unknown) => items.push(item);
  };
  const start = { begin, ...(notOlderThan === undefined ? {} : { notOlderThan }) };
  const collection = { resource: pods, namespace: 'shop' };
  const version = await listAll(api as KubeApi, collection, start, new AbortController().signal);
  return { version, items, queries };
}

it('reads every page, and returns the version of the first', async () => {
  const read = await list([page('5', ['a'], 'next'), page('6', ['b'])]);
  expect(read).toEqual({
    version: '5',
    items: ['a', 'b'],
    queries: [{ limit: 50 }, { limit: 50, continue: 'next' }],
  });
});

it('reads from the start after a 410 half-way, and without pages after the second one', async () => {
  const half = page('5', ['a'], 'next');
  const read = await list([half, gone, half, gone, page('8', ['b', 'c'])]);
  expect(read).toMatchObject({ version: '8', items: ['b', 'c'] });
  expect(read.queries.map(({ limit }) => limit)).toEqual([50, 50, 50, 50, undefined]);
});

it('rejects where a list without pages is gone as well', async () => {
  await expect(list([gone, gone, gone])).rejects.toMatchObject({ code: 'KUBE_GONE' });
});

it('asks for the newest state where the version asked for is in the future', async () => {
  const read = await list([tooLarge, page('3', ['a'])], '5');
  expect(read).toMatchObject({ version: '3', items: ['a'] });
  expect(read.queries).toEqual([
    { limit: 50, resourceVersion: '5', resourceVersionMatch: 'NotOlderThan' },
    { limit: 50 },
  ]);
});
