/** Holds what every status API of a bridge asks before it answers. */

import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import { isOwnHost } from './isOwnHost.ts';

/** `hosts`: names to answer for, beside IP addresses and localhost. */
export function requireOwnHost(hosts: readonly string[]): onRequestHookHandler {
  const names = new Set(hosts);
  return (request, reply, done) => {
    if (isOwnHost(request.headers.host, names)) return done();
    const message = 'the Host header is no IP address, not localhost and not a name of --status-host';
    reply.code(421).send({ code: 'WRONG_HOST', message });
  };
}

export function neverStore(app: FastifyInstance): void {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  });
}
