/**
 * createGuard: decides whether a caller may do what it asks for. 401 without a token that holds,
 * 403 without the right. docs/reference/api.md#who-may-ask
 */

import { ApiError } from '../apiError.ts';
import type { Reviewer, Right, User } from './reviewer.ts';

/** What REST and gRPC know of the sender of a request. */
export interface Caller {
  /** The header, or the metadata, of this name. */
  readonly authorization: string | undefined;
  /** Of the connection; '' where it has gone. */
  readonly address: string;
}

/** What every request of Node has, of HTTP/1.1 and of HTTP/2. */
interface SentRequest {
  readonly headers: { readonly authorization?: string | undefined };
  readonly socket: { readonly remoteAddress?: string | undefined } | undefined;
}

export interface Guard {
  /** Rejects with an ApiError. */
  require(caller: Caller, right: Right): Promise<void>;
  /** The user of the token; null where there is no token, or none is asked for. */
  identify(caller: Caller): Promise<User | null>;
}

export function toCaller({ headers, socket }: SentRequest): Caller {
  return { authorization: headers.authorization, address: socket?.remoteAddress ?? '' };
}

/** Null: everybody who reaches the port may ask for everything. */
export function createGuard(reviewer: Reviewer | null): Guard {
  async function identify({ authorization }: Caller): Promise<User | null> {
    if (authorization === undefined || reviewer === null) return null;
    const [, token] = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization) ?? [];
    const user = token === undefined ? null : await reviewer.authenticate(token);
    if (user === null)
      throw new ApiError('UNAUTHENTICATED', 'the token does not hold, or is made for another audience');
    return user;
  }
  return {
    identify,
    async require(caller, right) {
      if (reviewer === null) return;
      const user = await identify(caller);
      if (user === null) throw new ApiError('UNAUTHENTICATED', 'send a token: Authorization: Bearer TOKEN');
      if (await reviewer.isAllowed(user, right)) return;
      const { verb, resource, namespace, name } = right;
      const where = namespace === '' ? 'in all namespaces' : `in namespace ${namespace}`;
      const what = name === '' ? resource : `${resource} ${name}`;
      throw new ApiError('FORBIDDEN', `${user.name} may not ${verb} ${what} of zen-lead.io ${where}`);
    },
  };
}
