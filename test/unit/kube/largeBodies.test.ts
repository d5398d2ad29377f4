/** Tests how many large answers of the API server are received at once. */

import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createLargeBodies } from '../../../lib/kube/largeBodies.ts';

const KIB = 1024;
const never = new AbortController().signal;
const asText = (text: string): string => text;

/** Makes bodies of two halves. A body sends the second one when it is told to end. */
function aLink() {
  const asked: number[] = [];
  const ends: (() => void)[] = [];
  async function* send(number: number, halfBytes: number) {
    yield Buffer.alloc(halfBytes, 'a');
    const { promise, resolve } = Promise.withResolvers<void>();
    ends[number] = resolve;
    asked.push(number);
    await promise;
    yield Buffer.alloc(halfBytes, 'b');
  }
  return { asked, send, end: (number: number) => ends[number]?.() };
}

it('receives four large bodies at once, and the others in the order in which they grew large', async () => {
  const readLarge = createLargeBodies();
  const link = aLink();
  const bodies = [0, 1, 2, 3, 4, 5].map((number) => readLarge(link.send(number, 300 * KIB), asText, never));
  await expect.poll(() => link.asked).toEqual([0, 1, 2, 3]);
  link.end(2);
  expect(await bodies[2]).toHaveLength(600 * KIB);
  await expect.poll(() => link.asked).toEqual([0, 1, 2, 3, 4]);
  link.end(0);
  await expect.poll(() => link.asked).toEqual([0, 1, 2, 3, 4, 5]);
  for (const number of [1, 3, 4, 5]) link.end(number);
  expect(await Promise.all(bodies)).toHaveLength(6);
});

it('lets a small body pass while large ones wait', async () => {
  const readLarge = createLargeBodies();
  const link = aLink();
  for (const number of [0, 1, 2, 3, 4]) void readLarge(link.send(number, 300 * KIB), asText, never);
  await expect.poll(() => link.asked).toEqual([0, 1, 2, 3]);
  const small = readLarge(link.send(9, 100 * KIB), asText, never);
  await expect.poll(() => link.asked).toContain(9);
  link.end(9);
  expect(await small).toHaveLength(200 * KIB);
});

it('gives the place of a body that fails, or whose caller has gone, to the next one', async () => {
  const readLarge = createLargeBodies();
  const link = aLink();
  const gone = new AbortController();
  const unreadable = readLarge(link.send(0, 300 * KIB), () => JSON.parse('{'), never);
  for (const number of [1, 2, 3]) void readLarge(link.send(number, 300 * KIB), asText, never);
  await expect.poll(() => link.asked).toEqual([0, 1, 2, 3]);
  const left = readLarge(link.send(4, 300 * KIB), asText, gone.signal);
  const last = readLarge(link.send(5, 300 * KIB), asText, never);
  await turn(); // both wait by now
  gone.abort(new Error('gone'));
  await expect(left).rejects.toThrow('gone');
  link.end(0);
  await expect(unreadable).rejects.toThrow(SyntaxError);
  await expect.poll(() => link.asked).toEqual([0, 1, 2, 3, 5]);
  link.end(5);
  expect(await last).toHaveLength(600 * KIB);
});
