/**
 * createSinkToken: reads the bearer token that the bridge shows to the sink from a projected
 * volume.
 *
 * Guarantees: reads it again when the last reading is older than `READ_AGAIN_AFTER_MS`, and
 * whenever `renew` is called (a 401).
 * Source:
 * https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#launch-a-pod-using-service-account-token-projection
 * (the kubelet rotates the file at 80 % of its lifetime; the application has to read it again).
 */

import { readFile } from 'node:fs/promises';
import { ZenLeadError } from '../../lib/errors.ts';

/** As client-go does: a token has ten minutes at least, and is replaced two before its end. */
const READ_AGAIN_AFTER_MS = 60_000;

interface SinkToken {
  read(): Promise<string>;
  renew(): Promise<string>;
}

export function createSinkToken(file: string, now: () => number): SinkToken {
  let token: string | undefined;
  let readAt = Number.NEGATIVE_INFINITY;

  async function renew(): Promise<string> {
    try {
      token = (await readFile(file, 'utf8')).trim();
      readAt = now();
      return token;
    } catch (cause) {
      throw new ZenLeadError('SINK_UNREACHABLE', `read token file ${file}: it cannot be read, so nothing was sent`, {
        retry: 'later',
        cause,
      });
    }
  }

  return {
    renew,
    read: async () => (token !== undefined && now() - readAt < READ_AGAIN_AFTER_MS ? token : renew()),
  };
}
