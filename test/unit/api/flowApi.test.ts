import { describe, expect, it } from 'vitest';
import { MAX_FLOWS } from '../../../api/flows/flowFeed.ts';
import { aStep } from '../../support/objects/aFlow.ts';
import { aFlowPage } from '../../support/programs/aFlowPage.ts';

const spec = { steps: [aStep('a'), aStep('b', 'a')], finally: [aStep('z')] };

async function readList(url: string): Promise<readonly { readonly name: string; readonly phase: string }[]> {
  const { flows } = (await (await fetch(`${url}/v1/flows`)).json()) as { readonly flows: never };
  return flows;
}

describe('the status API of flows', () => {
  it('has each flow, and the steps of one', async () => {
    const { url, show } = await aFlowPage();
    show('nightly', spec, { a: { phase: 'Failed', reason: 'JobFailed', attempt: 2, endedAt: 0 } });
    expect(await readList(url)).toEqual([
      {
        namespace: 'shop',
        name: 'nightly',
        phase: 'Running',
        reason: 'StepFailed',
        ended: 1,
        failed: 1,
        total: 3,
        waiting: [],
        startedAt: '2026-11-20T10:00:00.000Z',
        endedAt: null,
        revision: 1,
      },
    ]);
    const one = await fetch(`${url}/v1/flows/shop/nightly`);
    expect(one.headers.get('cache-control')).toBe('no-store');
    const { steps } = (await one.json()) as { readonly steps: readonly object[] };
    expect(steps).toHaveLength(3);
    expect(steps[0]).toMatchObject({ name: 'a', phase: 'Failed', reason: 'JobFailed', attempt: 2, isFinal: false });
    expect(steps[2]).toMatchObject({ name: 'z', isFinal: true });
    const none = await fetch(`${url}/v1/flows/shop/other`);
    expect([none.status, await none.json()]).toEqual([404, expect.objectContaining({ code: 'NOT_FOUND' })]);
  });

  it('answers for no name of a stranger', async () => {
    const { url } = await aFlowPage();
    const { request } = await import('undici');
    for (const path of ['/', '/v1/flows', '/v1/flows/shop/nightly', '/v1/events']) {
      const { statusCode, body } = await request(`${url}${path}`, { headers: { host: 'evil.example' } });
      await body.dump();
      expect(statusCode, path).toBe(421);
    }
  });

  it(`lists ${MAX_FLOWS} flows at most, and those on their way before those that have ended`, async () => {
    const { url, show } = await aFlowPage();
    show('open', spec);
    for (let number = 0; number < MAX_FLOWS + 10; number += 1) show(`flow-${number}`, { steps: [] }, {}, true);
    const list = await readList(url);
    expect(list).toHaveLength(MAX_FLOWS);
    expect(list.some(({ name }) => name === 'open')).toBe(true);
  });
});
