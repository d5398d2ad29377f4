/** Many foreign events at once: what they cost the API server. docs/reference/events.md#hints */

import { afterEach, beforeEach, expect, it } from 'vitest';
import { onPodEvent } from '../../../../functions/onPodEvent.ts';
import type { ForeignHint } from '../../../../lib/events/foreign.ts';
import { putPod, putService, routedPod } from '../../../support/objects/aNamespace.ts';
import { type Harness, signal, startHarness } from '../../../support/servers/functionsHarness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.fake.close());

const aboutPod = (name: string): ForeignHint => ({
  kind: 'foreign',
  type: 'dev.knative.apiserver.resource.update',
  namespace: 'shop',
  objectKind: 'Pod',
  name,
});

it('100 events about the pods of one Service read that Service, and no other pod', async () => {
  putService(harness.fake);
  const names = Array.from({ length: 100 }, (_, index) => `db-${index}`);
  for (const name of names) putPod(harness.fake, name);
  for (let index = 0; index < 50; index++)
    harness.fake.put('services', { metadata: { name: `plain-${index}` }, spec: { ports: [{ port: 80 }] } });
  const replies = await Promise.all(names.map((name) => onPodEvent(aboutPod(name), false, harness.reconciler, signal)));
  expect(replies.map((each) => each.length)).toEqual(names.map(() => 1));
  expect(routedPod(harness.fake)).toBe('db-0');

  const lists = (plural: string) =>
    harness.fake.requests.filter(
      ({ method, path, query }) =>
        method === 'GET' && path.endsWith(`/${plural}`) && !query.has('labelSelector') && !query.has('fieldSelector'),
    );
  expect(lists('pods')).toEqual([]);
  expect(lists('services').length).toBeLessThanOrEqual(2);
});

it('an event about a pod that no Service selects reads no Service', async () => {
  putService(harness.fake);
  const replies = await onPodEvent(aboutPod('other'), false, harness.reconciler, signal);
  expect(replies).toEqual([]);
  expect(harness.fake.requests).toHaveLength(3);
});
