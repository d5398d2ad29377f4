/**
 * Reads what a receiver of the overlay `events` has got so far, in order of arrival.
 */

import { z } from 'zod';
import type { Cluster } from './attachCluster.ts';

/** Services that the Trigger of deploy/knative/components/events names. */
export type Receiver = 'on-leader-change' | 'leader-events-dead-letters';

const events = z.array(
  z.looseObject({
    id: z.string(),
    type: z.string(),
    subject: z.string(),
    time: z.iso.datetime(),
    receivedAt: z.number(),
    data: z.looseObject({ epoch: z.number(), leader: z.object({ name: z.string() }).nullable() }),
  }),
);
export type LeaderEvent = z.infer<typeof events>[number];

export async function readReceived(
  cluster: Cluster,
  receiver: Receiver,
  namespace: string,
): Promise<readonly LeaderEvent[]> {
  const path = `/api/v1/namespaces/zen-lead/services/${receiver}:80/proxy/`;
  const received = events.parse(await cluster.request('GET', path));
  return received.filter(({ subject }) => subject === `namespaces/${namespace}/services/web`);
}
