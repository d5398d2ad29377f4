/**
 * Serves what this bridge saw by itself of one Service: which pod passes or fails its check since
 * when, and how its nodes are. `zen-lead explain --bridge` reads it.
 */

import type { FastifyInstance } from 'fastify';
import type { Observations } from '../lib/selection/observation.ts';
import { requireOwnHost } from './ownHostOnly.ts';
import type { SourceName } from './sourceFeed.ts';

/** Undefined where this bridge saw nothing of it, as without a check. */
export type ReadObservations = (source: SourceName) => Observations | undefined;

interface Params {
  readonly namespace: string;
  readonly service: string;
}

export function registerObservations(
  app: FastifyInstance,
  read: ReadObservations,
  /** Names to answer for, beside IP addresses and localhost. */
  hosts: readonly string[] = [],
): void {
  const onRequest = requireOwnHost(hosts);
  app.get<{ Params: Params }>('/v1/observations/:namespace/:service', { onRequest }, ({ params }, reply) => {
    const { namespace, service } = params;
    const observations = read({ namespace, name: service });
    if (observations !== undefined) return reply.send(observations);
    const message = `this process has no verdict on a pod or a node of ${namespace}/${service}`;
    return reply.code(404).send({ code: 'NOT_FOUND', message });
  });
}
