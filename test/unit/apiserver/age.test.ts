import { expect, it } from 'vitest';
import { humanDuration } from '../../../apiserver/tables/age.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

it.each([
  [0, '0s'],
  [-5 * second, '0s'],
  [119 * second, '119s'],
  [120 * second, '2m'],
  [200 * second, '3m20s'],
  [10 * minute + 30 * second, '10m'],
  [179 * minute, '179m'],
  [3 * hour + 5 * minute, '3h5m'],
  [8 * hour + 5 * minute, '8h'],
  [47 * hour, '47h'],
  [3 * day + 4 * hour, '3d4h'],
  [8 * day + 4 * hour, '8d'],
  [729 * day, '729d'],
  [800 * day, '2y70d'],
])('shows an age of %d ms as %s, as kubectl does', (ageMs, shown) => {
  expect(humanDuration(ageMs)).toBe(shown);
});
