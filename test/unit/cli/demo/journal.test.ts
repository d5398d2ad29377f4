import { describe, expect, it } from 'vitest';
import { createJournal } from '../../../../cli/demo/journal.ts';

const wanted = { kind: 'routed', what: 'a route to b', since: 0, withinMs: 1_000 } as const;

describe('the journal', () => {
  it('finds what has happened already', async () => {
    const journal = createJournal();
    journal.record({ kind: 'routed', pod: 'b' });
    await expect(journal.waitFor({ ...wanted, matches: ({ pod }) => pod === 'b' })).resolves.toMatchObject({
      pod: 'b',
    });
  });

  it('waits for what is yet to come, and passes over what does not match', async () => {
    const journal = createJournal();
    const found = journal.waitFor({ ...wanted, matches: ({ pod }) => pod === 'b' });
    journal.record({ kind: 'answered', pod: 'b' });
    journal.record({ kind: 'routed', pod: 'a' });
    journal.record({ kind: 'routed', pod: 'b' });
    await expect(found).resolves.toMatchObject({ kind: 'routed', pod: 'b' });
  });

  it('does not take what happened before', async () => {
    const journal = createJournal();
    journal.record({ kind: 'routed', pod: 'b' });
    const late = journal.waitFor({ ...wanted, since: performance.now() + 1, withinMs: 10, matches: () => true });
    await expect(late).rejects.toMatchObject({
      code: 'DEMO_FAILED',
      message: 'the demo failed: a route to b: did not happen within 0.01 s',
    });
  });
});
