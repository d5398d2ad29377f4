import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { annotation, isKnownAnnotation, isOurAnnotation, label } from '../../../lib/selection/names.ts';
import { wantedServiceNames } from '../../../lib/selection/wantedNames.ts';
import { aService } from '../../support/objects/builders.ts';

const root = resolve(import.meta.dirname, '../../..');
const pages = ['annotations', 'objects', 'events'].map((page) =>
  readFileSync(join(root, `docs/reference/${page}.md`), 'utf8'),
);
/** As a page may write it: in code, with or without our prefix. */
const isDocumented = (name: string): boolean =>
  pages.some((page) => page.includes(`\`${name}`) || page.includes(`\`${name.replace('zen-lead.io/', '')}\``));

describe('a name that users and other controllers see', () => {
  it.each([...Object.values(annotation), ...Object.values(label)])('is documented: %s', (name) => {
    expect(name).toMatch(/^[a-z.-]+\/[a-z-]+$/);
    expect(isDocumented(name)).toBe(true);
  });

  it('stands for one thing', () => {
    const names = Object.values(annotation);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the names that a source wants', () => {
  it.each<[Record<string, string>, readonly string[]]>([
    [{}, ['postgres-leader']],
    [{ 'leader-service-name': 'db' }, ['db']],
    [{ followers: 'true' }, ['postgres-leader', 'postgres-followers']],
    [{ followers: 'readers' }, ['postgres-leader', 'readers']],
  ])('with %j are %j', (annotations, names) => {
    expect(wantedServiceNames(aService(annotations))).toStrictEqual(names);
  });

  it('are none without the opt-in', () => {
    expect(wantedServiceNames(aService({}, { annotations: {} }))).toEqual([]);
  });
});

describe('an annotation under our prefix', () => {
  it('is ours, and known where it is spelt as documented', () => {
    const [known, misspelt, other] = ['zen-lead.io/sticky', 'zen-lead.io/stiky', 'example.org/sticky'] as const;
    expect([known, misspelt, other].map(isOurAnnotation)).toEqual([true, true, false]);
    expect([known, misspelt, other].map(isKnownAnnotation)).toEqual([true, false, false]);
  });
});
