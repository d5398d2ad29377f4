import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Snapshot } from '../../../lib/selection/snapshot.ts';
import { leftOut } from '../../support/elections/leftOut.ts';
import { rules } from '../../support/elections/rulesUnderElection.ts';
import { aLeaderService, aLeaderSlice, aSlice } from '../../support/objects/aSlice.ts';
import { aService, version } from '../../support/objects/builders.ts';

type UnderElection = typeof import('../../support/elections/underElection.ts');

let under: UnderElection;
beforeAll(async () => {
  vi.stubEnv('ZEN_LEAD_TEST_ELECTION', 'x');
  vi.resetModules();
  under = await import('../../support/elections/underElection.ts');
  vi.unstubAllEnvs();
});

const read = (path: string) => readFileSync(resolve(import.meta.dirname, path), 'utf8');

const snapshot: Snapshot = {
  namespace: 'shop',
  name: 'postgres',
  source: aService({ strategy: 'newest', followers: 'postgres-leader' }),
  candidates: [],
  services: [aLeaderService()],
  slices: [aLeaderSlice({ pod: 'pg-x' }), aSlice({ name: 'postgres-leader-abcde' })],
  revisions: { pods: version(1), services: version(1), slices: version(1) },
};

describe('a rule under the election x', () => {
  it('is asked about a source that asks for the election, and about objects with its name and label', () => {
    const seen: Snapshot[] = [];
    under.underElection((given: Snapshot) => seen.push(given))(snapshot);
    expect(seen).toMatchObject([
      {
        source: {
          annotations: {
            'zen-lead.io/enabled': 'true',
            'zen-lead.io/elections': 'x',
            'x.zen-lead.io/strategy': 'newest',
            'x.zen-lead.io/followers': 'postgres-x',
          },
        },
        services: [{ name: 'postgres-x', labels: { 'zen-lead.io/election': 'x' } }],
        slices: [
          { name: 'postgres-x-ipv4', serviceName: 'postgres-x', election: 'x' },
          { name: 'postgres-leader-abcde', serviceName: null },
        ],
      },
    ]);
  });

  it('answers as if the election had no name', () => {
    const answer = {
      message: 'election "x": "postgres-x-followers" and postgres-x-ipv4 by x.zen-lead.io/followers',
      labels: { 'zen-lead.io/election': 'x', team: 'x' },
      readings: [{ annotation: 'zen-lead.io/elections' }, { annotation: 'x.zen-lead.io/sticky' }],
      pod: 'pg-x',
    };
    expect(under.underElection((_: Snapshot) => answer)(snapshot)).toEqual({
      message: '"postgres-followers" and postgres-leader-ipv4 by zen-lead.io/followers',
      labels: { team: 'x' },
      readings: [{ annotation: 'zen-lead.io/sticky' }],
      pod: 'pg-x',
    });
  });

  it('gives back what a story asked with, and leaves it and its answers as they are', () => {
    const same = under.underElection((given: Snapshot): Snapshot => given);
    expect(same(snapshot)).toBe(snapshot);
    const copy = under.underElection((given: Snapshot): Snapshot => ({ ...given }));
    expect(copy(snapshot)).toEqual(snapshot);
  });

  it('keeps elections in the answer that the story has not asked for', () => {
    const elections = [{ election: 'x' }, { election: '' }];
    expect(under.underElection((_: Snapshot) => ({ elections }))(snapshot)).toHaveProperty('elections.length', 2);
  });

  it.each(Object.entries(rules))('is exported by lib/selection/%s', (file, { name }) => {
    expect(read(`../../../lib/selection/${file}`)).toContain(`export function ${name}(`);
  });

  it.each(leftOut)('leaves out stories of $file that exist', ({ file, titles = [] }) => {
    for (const title of titles) expect(read(`../${file}`)).toContain(`'${title}'`);
  });
});
