/**
 * Gives each topic of the contract a namespace, so that topics cannot see each other.
 */

import { beforeAll, expect } from 'vitest';
import type { Target } from './target.ts';

export function useNamespace(target: () => Target, name: string): string {
  beforeAll(async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    expect(await target().ask('POST', '/api/v1/namespaces', namespace)).toMatchObject({ status: 201 });
  });
  return name;
}
