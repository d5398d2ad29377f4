/** Holds docs/reference/flow-api.md against the schemas of the kinds. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFieldRows, renderFlowApiPage } from '../../../deploy/flow/renderFlowApiPage.ts';

const page = resolve(import.meta.dirname, '../../../docs/reference/flow-api.md');
const rows = readFieldRows();
const rowOf = (kind: string, path: string) => rows.find((row) => row.kind === kind && row.path === path);

describe('docs/reference/flow-api.md', () => {
  it('is what the schemas render; run `npm run pages` after a change', () => {
    expect(readFileSync(page, 'utf8')).toBe(renderFlowApiPage());
  });

  it('has type, default, bounds and meaning of each field', () => {
    expect(rowOf('JobFlow', 'spec.parallelism')).toEqual({
      ...{ kind: 'JobFlow', path: 'spec.parallelism', type: 'integer', default: '64', bounds: '1 to 500' },
      meaning: 'Steps that run at once.',
    });
    expect(rowOf('JobFlow', 'spec.steps[].name')).toMatchObject({ bounds: 'required; 1 to 52 characters' });
    expect(rowOf('JobFlow', 'status.running')).toMatchObject({ type: 'string' });
    expect(rowOf('JobFlowSchedule', 'status.lastScheduleTime')).toMatchObject({ type: 'date-time' });
    expect(rowOf('JobFlowRecord', 'data')).toBeDefined();
  });

  it('says once what several fields share', () => {
    const shared = 'Its fields are those of `spec.steps[]` of a JobFlow.';
    expect(rowOf('JobFlow', 'spec.finally[]')?.meaning).toContain(shared);
    expect(rowOf('JobFlow', 'spec.finally[].name')).toBeUndefined();
    expect(rowOf('JobFlowSchedule', 'spec.jobFlowTemplate.spec')?.meaning).toContain('those of `spec` of a JobFlow.');
    expect(rowOf('JobFlowSchedule', 'spec.jobFlowTemplate.spec.steps[]')).toBeUndefined();
  });

  it.each(rows)('explains $path of a $kind in one short sentence', ({ meaning }) => {
    const [own = ''] = meaning.split(' Its fields are ');
    expect(own).toMatch(/^[A-Z].*\.$/);
    expect(own.length).toBeLessThanOrEqual(100);
    expect(own.slice(0, -1)).not.toMatch(/\. [A-Z]/);
  });
});
