/**
 * The bodies of the lock API, as OpenAPI has them and as requests are checked.
 */

import { z } from 'zod';
import { formatRfc3339 } from '../../lib/events/rfc3339.ts';
import { currentGrant, type LockState } from '../../lib/lock/lockState.ts';

/** It stands in annotations and in logs. */
const shortText = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .regex(/^[\x21-\x7e]+$/);

const seconds = (min: number, max: number, standard: number, description: string) =>
  z.int().min(min).max(max).default(standard).meta({ description });

export const acquireSchema = z
  .object({
    requestId: shortText(64).meta({
      description: 'Chosen by the client, new for each grant. The same one gets the same grant.',
    }),
    holder: shortText(128).meta({ description: 'Who asks, for people: a pod name for instance.' }),
    ttlSeconds: seconds(5, 3_600, 30, 'How long the grant lasts without a renewal.'),
    waitSeconds: seconds(0, 600, 0, 'How long to wait for the grant; 0 for one answer at once.'),
    lockDelaySeconds: seconds(0, 60, 0, 'How long the lock stays closed after the grant has expired.'),
  })
  .meta({ description: 'What is asked for.' });

const token = z.int().min(1).meta({ description: 'Fencing token: hand it to the resource with each write.' });
const grantId = shortText(64).meta({ description: 'The requestId of the grant.' });
const validForMs = z.int().min(0).meta({
  description: 'How long the grant lasts, counted on a monotonic clock from before the request was sent.',
});

export const grantSchema = z.object({ token, grantId, validForMs }).meta({ description: 'A grant.' });
export const renewalSchema = z.object({ validForMs }).meta({ description: 'A renewed grant.' });
export const holderSchema = z.object({ grantId, token }).meta({ description: 'The grant of who asks.' });

export const lockSchema = z
  .object({
    namespace: z.string(),
    name: z.string(),
    held: z.boolean(),
    holder: z.string().nullable(),
    token: z.int().min(0).meta({ description: 'The last token that was given; 0 for none.' }),
    acquiredAt: z.string().nullable().meta({ format: 'date-time' }),
    renewedAt: z.string().nullable().meta({ format: 'date-time' }),
    queue: z.array(z.string()).meta({ description: 'Holders that wait, the first one first.' }),
  })
  .meta({ description: 'One lock. It has no grantId, because that and the token end the grant.' });

export type LockStatus = Readonly<z.infer<typeof lockSchema>>;

export function toLockStatus(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  state: LockState,
  now: number,
  maxSkewMs: number,
): LockStatus {
  const grant = currentGrant(state, now, maxSkewMs);
  return {
    namespace,
    name,
    held: grant !== null,
    holder: grant?.holder ?? null,
    token: state.token,
    acquiredAt: grant === null ? null : formatRfc3339(grant.acquiredAt),
    renewedAt: grant === null ? null : formatRfc3339(grant.renewedAt),
    queue: state.queue.filter(({ expiresAt }) => expiresAt > now).map(({ holder }) => holder),
  };
}
