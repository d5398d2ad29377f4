import { expect, it } from 'vitest';
import { relistDiff } from '../../../../bridge/watch/relistDiff.ts';

const anObject = (name: string, uid: string, parts: object = {}) => ({ namespace: 'ns', name, uid, ...parts });
const byKey = <T extends { name: string }>(...objects: readonly T[]) =>
  new Map(objects.map((each) => [`ns/${each.name}`, each]));

it('tells what a watch would have told between two states', () => {
  const known = byKey(anObject('gone', '1'), anObject('same', '2'), anObject('changed', '3', { ready: false }));
  const listed = byKey(anObject('same', '2'), anObject('changed', '3', { ready: true }), anObject('new', '4'));
  expect(relistDiff(known, listed)).toEqual([
    { kind: 'deleted', object: anObject('gone', '1') },
    {
      kind: 'modified',
      object: anObject('changed', '3', { ready: true }),
      previous: anObject('changed', '3', { ready: false }),
    },
    { kind: 'added', object: anObject('new', '4') },
  ]);
});

it('tells a name that came back with another uid as a delete and an add, the delete first', () => {
  expect(relistDiff(byKey(anObject('db-0', 'old')), byKey(anObject('db-0', 'new')))).toEqual([
    { kind: 'deleted', object: anObject('db-0', 'old') },
    { kind: 'added', object: anObject('db-0', 'new') },
  ]);
});

it('takes a new resourceVersion for a change: patches carry it', () => {
  const known = byKey(anObject('db', '1', { resourceVersion: '1' }));
  const listed = byKey(anObject('db', '1', { resourceVersion: '2' }));
  expect(relistDiff(known, listed)).toMatchObject([{ kind: 'modified' }]);
});

it('tells nothing when nothing differs, whatever the order of keys', () => {
  const known = byKey({ namespace: 'ns', name: 'a', uid: '1', labels: { x: '1', y: '2' }, ips: ['10.0.0.1'] });
  const listed = byKey({ ips: ['10.0.0.1'], labels: { y: '2', x: '1' }, uid: '1', name: 'a', namespace: 'ns' });
  expect(relistDiff(known, listed)).toEqual([]);
});
