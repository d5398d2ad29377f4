/**
 * createClaimDomain: what the bridge watches, and says, about ManualLocks. The source of a concern
 * is a lock, which many claims may ask for.
 */

import { hashId } from '../../lib/events/eventId.ts';
import { clusterSource } from '../../lib/events/toReply.ts';
import { leases, manualLocks } from '../../lib/kube/kubeApi.ts';
import type { ClaimView } from '../../lib/lock/claims/claim.ts';
import type { ClaimEvent, ClaimReply, ClaimVerb } from '../../lib/lock/claims/claimEvent.ts';
import { parseClaim } from '../../lib/lock/claims/parseClaim.ts';
import { lockLabel } from '../../lib/lock/lockNames.ts';
import { type LockView, parseLock } from '../../lib/lock/parseLock.ts';
import { newTraceparent } from '../delivery/traceparent.ts';
import type { Domain, EventContext } from '../domain.ts';
import { type Concern, type Lane, sourceKey } from '../queue/concern.ts';
import type { ObjectChange } from '../watch/reflectorStore.ts';
import { watchedKind } from '../watch/watchedKind.ts';
import { createClaimStore } from './claimStore.ts';

export type ClaimChange =
  | { readonly of: 'ManualLock'; readonly change: ObjectChange<ClaimView> }
  | { readonly of: 'Lease'; readonly change: ObjectChange<LockView> };

export interface ClaimConcern extends Concern {
  readonly verb: ClaimVerb;
}

/** As of a Service: see docs/reference/events.md#hints. */
const SNAPSHOT_LIFETIME_MS = 3_000;

export function createClaimDomain(): Domain<ClaimChange, ClaimConcern, ClaimEvent, ClaimReply> {
  const store = createClaimStore();
  return {
    watches: [
      watchedKind<ClaimView, ClaimChange>({
        kind: 'manuallocks',
        resource: manualLocks,
        project: parseClaim,
        open: (namespace, onChange) => store.claims(namespace, (change) => onChange({ of: 'ManualLock', change })),
      }),
      watchedKind<LockView, ClaimChange>({
        kind: 'locks',
        resource: leases,
        labelSelector: `${lockLabel}=true`,
        project: parseLock,
        open: (namespace, onChange) => store.leases(namespace, (change) => onChange({ of: 'Lease', change })),
      }),
    ],
    affected({ of, change }, observedAt) {
      const { kind: verb, object } = change;
      const { namespace, lock } = object;
      const name = lock;
      // A lock that no claim has to do with is the api's alone.
      if (of === 'Lease' && store.claimsOf({ namespace, name }).length === 0) return [];
      return [{ key: sourceKey({ namespace, name }), namespace, name, lane: laneOf(change.kind), observedAt, verb }];
    },
    sources: store.sources,
    toConcern({ namespace, name }, cause, at) {
      const lock = { key: sourceKey({ namespace, name }), namespace, name, observedAt: at };
      if (cause === 'start') return { ...lock, lane: 'change', verb: 'added' };
      return { ...lock, lane: cause === 'resync' ? 'low' : 'change', dueAt: at, verb: cause };
    },
    toEvent: (concern, context, now) => toEvent(concern, store.claimsOf(concern), store.tokenOf(concern), context, now),
    // Several replicas may send at once: the Lease is changed by compare-and-swap.
    wantsChange: () => ({ wantsChange: true, nextAt: null }),
    isProgress: () => false,
  };
}

/** A claim that is gone gives its lock to who waits. */
function laneOf(verb: ClaimVerb): Lane {
  return verb === 'deleted' ? 'failover' : 'change';
}

function toEvent(
  { namespace, name, key, verb, observedAt, dueAt = 0 }: ClaimConcern,
  claims: readonly ClaimView[],
  knownToken: number | undefined,
  context: EventContext,
  now: number,
): ClaimEvent {
  const type = `io.zen-lead.manuallock.${verb}` as const;
  const subject = `namespaces/${namespace}/locks/${name}`;
  const versions = claims.map(({ resourceVersion }) => resourceVersion).toSorted();
  return {
    specversion: '1.0',
    id: hashId([type, subject, ...versions, context.revision('locks', namespace) ?? '', dueAt]),
    type,
    source: clusterSource(context.clusterName),
    subject,
    time: new Date(observedAt).toISOString(),
    partitionkey: key,
    traceparent: newTraceparent(context.random),
    data: {
      namespace,
      lock: name,
      deadline: now + SNAPSHOT_LIFETIME_MS,
      ...(knownToken !== undefined && { knownToken }),
      // An event that leaves the process would need its size bounded.
      ...(context.isFresh(namespace) && context.maxEventBytes === Number.POSITIVE_INFINITY && { snapshot: claims }),
    },
  };
}
