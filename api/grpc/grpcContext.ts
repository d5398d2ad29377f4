/**
 * callerKey: carries who has sent a request from the connection to the handlers of gRPC.
 */

import { createContextKey } from '@connectrpc/connect';
import type { Caller } from '../auth/guard.ts';

export const callerKey = createContextKey<Caller>({ authorization: undefined, address: '' });
