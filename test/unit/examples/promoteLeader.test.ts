import { describe, expect, test } from 'vitest';
import type { Fenced, Position } from '../../../examples/postgresql/instance/instance.ts';
import { parseMembers } from '../../../examples/postgresql/promote/members.ts';
import {
  comparePositions,
  type Orders,
  promoteLeader,
  Superseded,
} from '../../../examples/postgresql/promote/promoteLeader.ts';

const at = (epoch: number, lsn: string): Position => ({ epoch, lsn });

/** An instance that answers `fence` so; every order that it gets goes to `orders`. */
function anInstance(name: string, fenced: Fenced | Error | null, orders: unknown[]): Orders {
  return {
    name,
    async fence() {
      if (fenced === null) return new Promise(() => {}); // it hangs
      if (fenced instanceof Error) throw fenced;
      return fenced;
    },
    async lead(epoch, _leader, from, position) {
      orders.push([name, 'lead', epoch, from, position]);
    },
    async follow(epoch, leader) {
      orders.push([name, 'follow', epoch, leader]);
    },
  };
}

type Answers = Readonly<Record<string, Position | 'empty' | 'hangs' | 'away' | 'superseded' | 'decided'>>;

/** Returns the orders that the instances got. */
async function promote(answers: Answers, epoch = 7, leader = 'b'): Promise<readonly unknown[]> {
  const orders: unknown[] = [];
  const instances = Object.entries(answers).map(([name, answer]) => {
    if (answer === 'hangs') return anInstance(name, null, orders);
    if (answer === 'away') return anInstance(name, new Error('away'), orders);
    if (answer === 'superseded') return anInstance(name, new Superseded('newer'), orders);
    if (answer === 'empty') return anInstance(name, { position: null, leader: null }, orders);
    if (answer === 'decided') return anInstance(name, { position: at(epoch, '0/9'), leader }, orders);
    return anInstance(name, { position: answer, leader: null }, orders);
  });
  await promoteLeader(instances, epoch, leader);
  return orders;
}

describe('the promotion of a leader', () => {
  test('needs the leader and one other instance, and has the others follow', async () => {
    expect(await promote({ a: 'hangs', b: at(6, '0/5000'), c: at(6, '0/4000') })).toEqual([
      ['b', 'lead', 7, 'b', at(6, '0/5000')],
      ['a', 'follow', 7, 'b'],
      ['c', 'follow', 7, 'b'],
    ]);
  });

  test('has the leader catch up with a standby that has more', async () => {
    const [first] = await promote({ a: 'hangs', b: at(6, '0/5000'), c: at(6, '0/10000') });
    expect(first).toEqual(['b', 'lead', 7, 'c', at(6, '0/10000')]);
  });

  test('prefers what a newer leader wrote to a longer log of an older one', async () => {
    const [first] = await promote({ a: 'hangs', b: at(5, '1/0'), c: at(6, '0/5000') });
    expect(first).toEqual(['b', 'lead', 7, 'c', at(6, '0/5000')]);
  });

  test('creates a database only where every instance says that it has none', async () => {
    expect(await promote({ a: 'empty', b: 'empty', c: 'empty' })).toContainEqual(['b', 'lead', 7, 'b', null]);
  });

  test('does not count an instance that lost its data', async () => {
    const orders = await promote({ a: at(6, '0/1'), b: 'empty', c: at(6, '0/2') });
    expect(orders).toContainEqual(['b', 'lead', 7, 'c', at(6, '0/2')]);
    const lost = promote({ a: 'empty', b: at(6, '0/1'), c: 'away' });
    await expect(lost).rejects.toThrow('too few instances');
  });

  test('takes the data of one instance where all the others say that they have none', async () => {
    const orders = await promote({ a: at(6, '0/1'), b: 'empty', c: 'empty' });
    expect(orders).toContainEqual(['b', 'lead', 7, 'a', at(6, '0/1')]);
  });

  test('waits for nothing when this epoch has its leader, and tells the others again', async () => {
    expect(await promote({ a: 'hangs', b: 'decided', c: 'decided' })).toEqual([
      ['a', 'follow', 7, 'b'],
      ['c', 'follow', 7, 'b'],
    ]);
  });

  test('ends where an instance has promised a newer epoch', async () => {
    await expect(promote({ a: 'superseded', b: at(6, '0/1'), c: 'hangs' })).rejects.toThrow(Superseded);
  });

  test('refuses a leader that is none of the instances', async () => {
    await expect(promote({ a: at(1, '0/1'), c: at(1, '0/1'), d: at(1, '0/1') })).rejects.toThrow('not one of');
  });
});

test('positions are compared by epoch, then as numbers of 64 bits', () => {
  expect(comparePositions(at(1, '0/FFFFFFFF'), at(1, '1/0'))).toBeLessThan(0);
  expect(comparePositions(at(1, 'A/0'), at(1, '9/FFFFFFFF'))).toBeGreaterThan(0);
  expect(comparePositions(at(2, '0/1'), at(1, '9/0'))).toBeGreaterThan(0);
  expect(comparePositions(at(2, '0/1'), at(2, '0/1'))).toBe(0);
});

test('members are read with and without ports', () => {
  const [first, second] = parseMembers('a=a.members b=127.0.0.1:15432:18008 c=c.members');
  expect(first).toEqual({ name: 'a', host: 'a.members', postgresPort: 5432, orders: 'http://a.members:8008' });
  expect(second).toEqual({ name: 'b', host: '127.0.0.1', postgresPort: 15432, orders: 'http://127.0.0.1:18008' });
  expect(() => parseMembers('a=a b=b')).toThrow('three instances');
});
