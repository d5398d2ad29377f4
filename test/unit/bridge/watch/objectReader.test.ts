import { expect, it } from 'vitest';
import { createObjectReader } from '../../../../bridge/watch/objectReader.ts';
import type { ObjectIdentity } from '../../../../bridge/watch/reflectorStore.ts';

interface Named {
  readonly metadata: ObjectIdentity;
}

const named = (name: string): Named => ({ metadata: { namespace: 'ns', name, uid: name } });

/** As of a parser that calls itself for each level. */
function project(input: unknown): ObjectIdentity {
  const { metadata } = input as Named;
  if (metadata.name === 'deep') throw new RangeError('Maximum call stack size exceeded');
  return metadata;
}

it('reports an object that the stack is too small for, and reads the others', () => {
  const reports: string[] = [];
  const reader = createObjectReader(project, ({ key, error }) => reports.push(`${key} ${error.code}`));
  const list = reader.startList();
  for (const name of ['a', 'deep', 'b']) list.add(named(name));
  expect(list.finish()).toMatchObject({ kind: 'replaced', objects: [{ name: 'a' }, { name: 'b' }] });
  expect(reports).toEqual(['ns/deep INPUT_INVALID']);
  expect(reader.readLine('modified', named('deep'))).toBeNull();
});

it('ends a watch by the name of an object that the stack is too small for', () => {
  const reader = createObjectReader(project, () => undefined);
  expect(() => reader.readLine('added', named('deep'))).toThrow(
    expect.objectContaining({ code: 'INPUT_INVALID', message: expect.stringContaining('ns/deep') }),
  );
});
