import { describe, expect, it } from 'vitest';
import { createObjectIndex, type ObjectIndex } from '../../../../bridge/watch/objectIndex.ts';
import { createIndexes, createObjectStore } from '../../../../bridge/watch/objectStore.ts';
import type { ObjectChange, ReflectedObject } from '../../../../bridge/watch/reflectorStore.ts';

interface Thing extends ReflectedObject {
  readonly value?: unknown;
}

const aThing = (name: string, uid: string, parts: Partial<Thing> = {}): Thing => ({
  namespace: 'ns',
  name,
  uid,
  ...parts,
});
const none: ReadonlySet<string> = new Set();

function aStore(namespace?: string) {
  const changes: ObjectChange<Thing>[] = [];
  const indexes = createIndexes(() => createObjectIndex<Thing>());
  const store = createObjectStore<ObjectIndex<Thing>, Thing>({
    indexes,
    pick: (index) => index,
    namespace,
    onChange: (change) => changes.push(change),
  });
  const held = (): readonly Thing[] => [...indexes.entries()].flatMap(([, index]) => [...index.byName.values()]);
  /** What was told since the last call. */
  const told = () => changes.splice(0);
  return { store, indexes, held, told };
}

describe('a LIST that replaces what is stored', () => {
  it('reports what a watch would have reported in between', () => {
    const { store, held, told } = aStore();
    const changed = aThing('changed', '3', { value: false });
    store.replace([aThing('gone', '1'), aThing('same', '2'), changed], none);
    told();
    store.replace([aThing('same', '2'), { ...changed, value: true }, aThing('new', '4')], none);
    expect(told()).toEqual([
      { kind: 'deleted', object: aThing('gone', '1') },
      { kind: 'modified', object: { ...changed, value: true }, previous: changed },
      { kind: 'added', object: aThing('new', '4') },
    ]);
    expect(held().map(({ name }) => name)).toEqual(['same', 'changed', 'new']);
  });

  it('reports a name that came back with another uid as a delete and an add, the delete first', () => {
    const { store, told } = aStore();
    store.replace([aThing('db-0', 'old')], none);
    told();
    store.replace([aThing('db-0', 'new')], none);
    expect(told().map(({ kind, object }) => [kind, object.uid])).toEqual([
      ['deleted', 'old'],
      ['added', 'new'],
    ]);
  });

  it('keeps the last view of what it names as unreadable, while the uid is the same', () => {
    const { store, held } = aStore();
    store.replace([aThing('a', '1'), aThing('b', '2')], none);
    store.replace([], new Set(['1', 'other']));
    expect(held()).toEqual([aThing('a', '1')]);
  });

  it('leaves other namespaces alone where it is the LIST of one', () => {
    const { store, indexes, held } = aStore('ns');
    indexes.use('elsewhere', (index) => index.put(aThing('a', '9', { namespace: 'elsewhere' })));
    store.replace([aThing('a', '1')], none);
    store.replace([], none);
    expect(held().map(({ namespace }) => namespace)).toEqual(['elsewhere']);
  });

  it('reports nothing when nothing differs, whatever the order of keys, and holds no second copy', () => {
    const { store, held, told } = aStore();
    store.replace([aThing('a', '1', { value: { labels: { x: '1', y: '2' }, ips: ['10.0.0.1'] } })], none);
    const [first] = held();
    told();
    store.replace(
      [{ value: { ips: ['10.0.0.1'], labels: { y: '2', x: '1' } }, uid: '1', name: 'a', namespace: 'ns' }],
      none,
    );
    expect(told()).toEqual([]);
    expect(held()[0]).toBe(first);
  });
});

describe('one object', () => {
  it('takes a new resourceVersion silently: patches carry it, and the rules do not read it', () => {
    const { store, held, told } = aStore();
    store.add(aThing('db', '1', { resourceVersion: '1' }));
    told();
    store.update(aThing('db', '1', { resourceVersion: '2' }));
    expect(told()).toEqual([]);
    expect(held()[0]?.resourceVersion).toBe('2');
  });

  it('one object is left alone by the delete of another uid of its name', () => {
    const { store, held } = aStore();
    store.add(aThing('db', '2'));
    store.delete(aThing('db', '1'));
    expect(held()).toEqual([aThing('db', '2')]);
    store.delete(aThing('db', '2'));
    expect(held()).toEqual([]);
  });

  it('leaves no index behind in a namespace that is empty', () => {
    const { store, indexes } = aStore();
    store.add(aThing('db', '2'));
    store.delete(aThing('db', '2'));
    store.delete(aThing('never-seen', '3'));
    expect([...indexes.entries()]).toEqual([]);
  });
});
