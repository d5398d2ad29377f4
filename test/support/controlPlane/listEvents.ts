/**
 * Lists the Kubernetes Events about one Service of a story.
 */

import { z } from 'zod';
import type { Namespace } from './createNamespace.ts';

const eventList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      type: z.string(),
      reason: z.string(),
      note: z.string().default(''),
      regarding: z.object({ kind: z.string(), name: z.string() }).partial().default({}),
    }),
  ),
});

type StoryEvent = z.infer<typeof eventList>['items'][number];

export async function listEvents(namespace: Namespace, service = 'web'): Promise<readonly StoryEvent[]> {
  const { items } = eventList.parse(
    await namespace.request('GET', `/apis/events.k8s.io/v1/namespaces/${namespace.name}/events`),
  );
  return items.filter(({ regarding }) => regarding.kind === 'Service' && regarding.name === service);
}

/** Returns texts such as `Warning InvalidAnnotation`, sorted, each once. */
export async function listEventReasons(namespace: Namespace, service = 'web'): Promise<readonly string[]> {
  const events = await listEvents(namespace, service);
  return [...new Set(events.map(({ type, reason }) => `${type} ${reason}`))].sort();
}
