/**
 * runLocks: two replicas of the api role keep one lock for six workers, and for others that claim
 * it by ManualLocks, on one simulated API server. The replicas are those that we ship.
 *
 * The scheduler delays requests, answers and watches. It pauses workers, sets the clocks of the
 * replicas, kills and restarts them, deletes the Lease by hand, and takes the API server away.
 * Every check runs at every write.
 */

import { createLeaseStore } from '../../../api/locks/leaseStore.ts';
import { createLockKeeper, type LockKeeper } from '../../../api/locks/lockKeeper.ts';
import type { KubeApi } from '../../../lib/kube/kubeApi.ts';
import { type ClaimView, claimId, isClaimId } from '../../../lib/lock/claims/claim.ts';
import { parseClaim } from '../../../lib/lock/claims/parseClaim.ts';
import { expiresAt } from '../../../lib/lock/lockState.ts';
import { createVirtualClock } from '../../support/simulated/virtualClock.ts';
import { createRandom } from '../random.ts';
import { createClaimApi } from './claimApi.ts';
import { runClaimHolder } from './claimHolder.ts';
import { startClaimReplica } from './claimReplica.ts';
import { createLockApi, type StoredWrite } from './lockApi.ts';
import { runClient } from './lockClient.ts';
import { createServerCalls } from './serverCalls.ts';

export interface LockFaults {
  /** How far the clocks of two replicas may be apart. */
  readonly skewMs: number;
  readonly maxPauseMs: number;
  /** Somebody deletes the Lease by hand: it ends a grant that its client counts as valid. */
  readonly deletes?: boolean;
  /** What the replicas allow for. */
  readonly maxSkewMs?: number;
  readonly isUnchecked?: boolean;
  readonly countsFromAnswer?: boolean;
  /** Tokens of a Lease that was deleted begin at 1, as a counter in the object would. */
  readonly restartsTokens?: boolean;
  /** How many workers ask the api; 6 where it is absent. */
  readonly workers?: number;
  /** How many workers claim by ManualLocks, beside those that ask the api. */
  readonly claimants?: number;
  /** How late a watch may bring a claim. */
  readonly claimsLateMs?: number;
  /** A grant of a claim is taken back by what the watch has brought, without a LIST. */
  readonly listsFromWatch?: boolean;
}

export interface LockRun {
  readonly violations: readonly string[];
  readonly grants: number;
  /** Claims that were told of their grant. */
  readonly claimed: number;
  /** Writes that came to the resource after one with a greater token, and so were made twice. */
  readonly doubleWrites: number;
  /** Writes that a resource took which refuses a smaller token. */
  readonly takenByChecked: readonly number[];
}

const MAX_SKEW_MS = 1_000;
const RUN_MS = 60_000;
/** No grant of a run comes so far. */
const WRONG_BY = 1_000_000;

export async function runLocks(seed: number, faults: LockFaults): Promise<LockRun> {
  const random = createRandom(seed);
  const clock = createVirtualClock();
  const violations: string[] = [];
  const released = new Set<string>();
  const claimGrants = new Map<number, string>();
  const { maxSkewMs = MAX_SKEW_MS, workers: clients = 6, claimants = 0 } = faults;
  let greatest = 0;
  let grants = 0;
  let claimed = 0;

  function check({ before, after, now }: StoredWrite): void {
    const [had, has] = [before?.state.grant ?? null, after.state.grant];
    if (has?.token === had?.token) return;
    const isOver =
      had === null ||
      released.has(`${had.id} ${had.token}`) ||
      now >= expiresAt(had, maxSkewMs) ||
      (isClaimId(had.id) && !claimsNow().some((claim) => claimId(claim) === had.id));
    if (!isOver) violations.push(`K3: ${has?.token} while ${had.token} is held`);
    if (has === null) return;
    grants += 1;
    if (has.token <= greatest) violations.push(`K1: ${has.token} after ${greatest}`);
    greatest = Math.max(greatest, has.token);
    if (has.token !== after.state.token) violations.push(`K2: a grant of ${has.token} beside ${after.state.token}`);
    const queue = before?.state.queue ?? [];
    const place = queue.findIndex(({ id }) => id === has.id);
    // A place that has expired is nobody's: its waiter asked for the last time, and too late.
    const ahead = (place === -1 ? queue : queue.slice(0, place)).filter(({ expiresAt: until }) => until > now);
    const left = new Set(after.state.queue.map(({ id }) => id));
    if (ahead.some(({ id }) => left.has(id))) violations.push(`K5: ${has.id} overtook`);
    const told = claimsNow().find((claim) => claimId(claim) === has.id)?.status?.phase;
    if (told !== undefined && told !== 'Pending')
      violations.push(`once: ${has.id} was ${told}, and is granted to again`);
    if (isClaimId(has.id)) claimGrants.set(has.token, has.id);
  }

  /** What a claim says of its grant is what the Lease has said. */
  function checkStatus(before: ClaimView, after: ClaimView): void {
    const { phase, fencingToken } = after.status ?? {};
    if (fencingToken == null) return;
    if (claimGrants.get(fencingToken) !== claimId(after)) violations.push(`told: ${fencingToken} to ${after.name}`);
    if (phase === 'Held' && before.status?.phase !== 'Held') claimed += 1;
  }

  const calls = createServerCalls(clock, random.fork());
  const claims = createClaimApi(calls, checkStatus);
  const claimsNow = (): readonly ClaimView[] => claims.stored().map(parseClaim);
  const api = createLockApi({
    calls,
    isUnchecked: faults.isUnchecked ?? false,
    onWrite: check,
  });
  const metrics = { granted() {}, expired() {}, conflicted() {}, waited() {} };
  const replicas = [0, 1].map(() => startReplica());

  function startReplica() {
    const chance = random.fork();
    let keeper: LockKeeper;
    let stopWatch = (): void => {};
    function start(): void {
      const aheadMs = chance.between(0, faults.skewMs);
      const own = { ...clock, now: () => Math.floor(clock.now() + aheadMs) };
      const lockCalls = faults.restartsTokens ? withSmallTokens(api.connect(own.now)) : api.connect(own.now);
      keeper = createLockKeeper(
        { namespace: 'shop', name: 'reports' },
        {
          store: createLeaseStore(lockCalls as KubeApi),
          clock: own,
          random: chance.next,
          maxSkewMs,
          metrics,
        },
      );
      const opened = keeper;
      const stops = [api.watch(200, (view, uid) => opened.observe(view, uid))];
      const { now } = own;
      if (claimants > 0)
        stops.push(
          startClaimReplica({
            ...{ clock, random: chance, now, maxSkewMs, locks: api, lockCalls, claims },
            lateMs: faults.claimsLateMs ?? 200,
            listsFromWatch: faults.listsFromWatch ?? false,
          }),
        );
      stopWatch = () => {
        for (const stop of stops) stop();
      };
    }
    start();
    return {
      keeper: () => keeper,
      kill() {
        stopWatch();
        keeper.close();
        start();
      },
    };
  }

  let greatestTaken = 0;
  let doubleWrites = 0;
  let greatestSeen = 0;
  const takenByChecked: number[] = [];
  const held: { token: number; from: number; until: number }[] = [];
  const pick = () => random.pick([replicas[0], replicas[1]])?.keeper() as LockKeeper;
  const onRelease = (id: string, token: number) => void released.add(`${id} ${token}`);
  function onWrite(token: number): void {
    if (token < greatestSeen) doubleWrites += 1;
    greatestSeen = Math.max(greatestSeen, token);
    if (token < greatestTaken) return;
    greatestTaken = token;
    takenByChecked.push(token);
  }
  const endsAt = clock.monotonic() + RUN_MS;
  const holders = Array.from({ length: claimants }, (_, index) =>
    runClaimHolder(
      {
        ...{ name: `claim-${index}`, clock, random: random.fork(), claims, pick, onRelease, onWrite },
        maxPauseMs: faults.maxPauseMs,
      },
      endsAt,
    ),
  );
  const workers = Array.from({ length: clients }, (_, index) =>
    runClient(
      {
        name: `worker-${index}`,
        clock,
        random: random.fork(),
        pick,
        maxPauseMs: faults.maxPauseMs,
        countsFromAnswer: faults.countsFromAnswer ?? false,
        onRelease,
        onHeld: (token, from, until) => held.push({ token, from, until }),
        onWrite,
      },
      endsAt,
    ),
  );

  let isDone = false;
  const done = Promise.all([...workers, ...holders]).then(() => {
    isDone = true;
  });
  const beginsAt = clock.monotonic();
  let freeSince: number | null = null;
  let isDownUntil = 0;
  while (!isDone || clock.monotonic() < beginsAt + RUN_MS + 30_000) {
    await clock.advance(250);
    if (clock.monotonic() > isDownUntil) calls.setDown(false);
    // A wrong grantId, and a right one with a wrong token.
    const { grant } = api.current()?.state ?? { grant: null };
    if (random.chance(0.05)) {
      const answer = replicas[0]?.keeper().release(grant?.id ?? 'none', (grant?.token ?? 1) + WRONG_BY);
      answer?.then(
        (said) => said === 'lost' || violations.push('K4: a wrong token was taken'),
        () => {},
      );
    }
    if (random.chance(0.02)) random.pickAny(replicas)?.kill();
    if (faults.deletes && random.chance(0.02)) api.deleteByHand();
    if (random.chance(0.01)) {
      calls.setDown(true);
      isDownUntil = clock.monotonic() + random.between(100, 6_000);
      freeSince = null;
    }
    freeSince = checkFree(freeSince);
  }
  await done;
  for (const replica of replicas) replica.kill();
  if (faults.deletes) return { violations, grants, claimed, doubleWrites, takenByChecked };
  for (const one of held)
    for (const other of held)
      if (one.token < other.token && other.from < one.until)
        violations.push(`validity: ${one.token} until ${one.until}, ${other.token} from ${other.from}`);
  return { violations, grants, claimed, doubleWrites, takenByChecked };

  /** K6, where a waiter asks: its place is in the queue, and it has not expired. */
  function checkFree(since: number | null): number | null {
    const state = api.current()?.state;
    const isFree = state !== undefined && state.grant === null && state.queue.length > 0;
    if (!isFree) return null;
    const from = since ?? clock.monotonic();
    const isAsked = state.queue.some(({ expiresAt: at }) => at > clock.now() + 20_000);
    if (isAsked && clock.monotonic() - from > 1_000) violations.push(`K6: free since ${from}`);
    return from;
  }
}

type Calls = Pick<KubeApi, 'get' | 'create' | 'mergePatch'>;

function withSmallTokens(calls: Calls): Calls {
  return {
    ...calls,
    create(resource, namespace, object, signal) {
      const lease = structuredClone(object) as { metadata: { annotations: Record<string, string> } };
      lease.metadata.annotations['zen-lead.io/fencing-token'] = '1';
      return calls.create(resource, namespace, lease, signal);
    },
  };
}
