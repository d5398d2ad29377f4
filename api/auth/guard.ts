/**
 * createGuard: decides whether a request may do what it asks for. 401 without a token that holds,
 * 403 without the right. docs/reference/api.md#who-may-ask
 */

import type { FastifyRequest } from 'fastify';
import { ApiError } from '../apiError.ts';
import type { Reviewer, Right, User } from './reviewer.ts';

export interface Guard {
  /** Rejects with an ApiError. */
  require(request: FastifyRequest, right: Right): Promise<void>;
  /** The user of the token; null where there is no token, or none is asked for. */
  identify(request: FastifyRequest): Promise<User | null>;
}

/** Null: everybody who reaches the port may ask for everything. */
export function createGuard(reviewer: Reviewer | null): Guard {
  async function identify(request: FastifyRequest): Promise<User | null> {
    const { authorization } = request.headers;
    if (authorization === undefined || reviewer === null) return null;
    const [, token] = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization) ?? [];
    const user = token === undefined ? null : await reviewer.authenticate(token);
    if (user === null)
      throw new ApiError('UNAUTHENTICATED', 'the token does not hold, or is made for another audience');
    return user;
  }
  return {
    identify,
    async require(request, right) {
      if (reviewer === null) return;
      const user = await identify(request);
      if (user === null) throw new ApiError('UNAUTHENTICATED', 'send a token: Authorization: Bearer TOKEN');
      if (await reviewer.isAllowed(user, right)) return;
      const { verb, resource, namespace, name } = right;
      const where = namespace === '' ? 'in all namespaces' : `in namespace ${namespace}`;
      const what = name === '' ? resource : `${resource} ${name}`;
      throw new ApiError('FORBIDDEN', `${user.name} may not ${verb} ${what} of zen-lead.io ${where}`);
    },
  };
}
