/**
 * reconcileElection: decides about one election and writes what was decided: steps 2 to 5 of
 * reconcile.ts. Of nearly every Service that is all there is.
 *
 * Guarantees: S3, S4, S9. What it has learned on the way, of state and of writes, stands in `pass`
 * for the next election of the Service, also where it rejects.
 */

import { type Assessment, assess } from '../../lib/selection/assess.ts';
import type { Decision } from '../../lib/selection/decision.ts';
import { type ElectionRef, electionKey } from '../../lib/selection/elections/electionSettings.ts';
import { viewOf, viewsOf } from '../../lib/selection/elections/electionsOf.ts';
import { renewBasis } from '../../lib/selection/renewBasis.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';
import type { Write } from '../../lib/selection/write.ts';
import { noTracing, type Tracing } from '../../lib/telemetry/tracing.ts';
import { confirmFirst, isFirst } from './confirmFirst.ts';
import { admit, announcementDueAt, askedOf, isRefuted, note, noteAnnouncement, noteRefuted } from './damping.ts';
import type { Ledger } from './ledger.ts';
import { placeholdersFirst, withPlaceholders } from './placeholders.ts';
import { readBasis } from './readBasis.ts';
import type { ReconcileDeps, ReconcileRequest } from './reconcile.ts';
import { type Basis, type Outcome, settle } from './settle.ts';
import type { HintReason } from './whyHint.ts';

/** One pass over a Service: what changes from one election of it to the next. */
export interface Pass {
  readonly request: ReconcileRequest;
  /** Warnings that are owed, of the event. */
  readonly carry: string | undefined;
  basis: Basis;
  /** What the reply holds of it: without what this pass has filled in. */
  shown: Snapshot;
  ledger: Ledger;
  hint: HintReason | null;
}

export interface ElectionResult {
  /** What was done about this election, all attempts together. */
  readonly decision: Decision;
  /** What the snapshot gives that the pass ends with. */
  readonly last: Decision;
  readonly decidedAt: number;
  readonly writes: readonly Write[];
  readonly attempts: number;
  /** Reconcile again then, epoch milliseconds. */
  readonly dueAt: number | null;
  readonly carry: string | undefined;
}

/** What was decided about a view a moment ago. */
export interface Assessed {
  readonly view: Snapshot;
  readonly assessment: Assessment;
  /** Epoch milliseconds. */
  readonly at: number;
}

type Settled = Extract<Outcome, { kind: 'settled' }>;

const MAX_REREADS = 3;
/**
 * How soon to reconcile again when an announcement did not get through. A sink that is down must
 * not cost a reconcile a second and Service.
 */
export const ANNOUNCE_AGAIN_MS = 5_000;

/** `ref`: null where the Service has one election. */
export async function reconcileElection(
  pass: Pass,
  ref: ElectionRef | null,
  deps: ReconcileDeps,
  signal: AbortSignal,
  assessed?: Assessed,
): Promise<ElectionResult> {
  const { request } = pass;
  const { service, type, evidence } = request;
  const of = ref === null ? '' : electionKey(ref);
  let standing: Standing | null = null;
  const placed: Write[] = [];
  let isConfirmed = false;
  for (let attempt = 1; ; ) {
    const { basis } = pass;
    const view = viewIn(basis.snapshot, ref);
    const known = assessed?.view === view ? assessed : null;
    const decidedAt = known?.at ?? deps.now();
    const { decision, writes: wanted, nextLookAt } = known?.assessment ?? select(view, decidedAt, deps.tracing);
    const { writes, heldBack, dueAt: heldUntil } = admit(pass.ledger, wanted, view, decidedAt);
    const said = [decision.epoch, decision.leader?.uid ?? null];
    const announceAt = announcementDueAt(pass.ledger, said, decidedAt, of);
    // What has to stand before these writes, which are then decided on again.
    const first = [...renewBasis(view, decision, writes), ...placeholdersFirst(writes)];
    const isPreparing = first.length > 0;
    const whyNot: HintReason | null =
      basis.isRead || isConfirmed || writes.length === 0
        ? null
        : deps.whyHint({ ...evidence, writes, ...(ref !== null && { election: ref }) });
    const waitsForPlaces: boolean =
      whyNot === 'unfenced' && isPreparing && isFirst(view) && !isRefuted(pass.ledger, view);
    if (whyNot !== null && !waitsForPlaces) {
      pass.hint = whyNot;
      takeBasis(pass, await readBasis(request, deps, signal, basis.snapshot));
      continue;
    }
    const isAnnounceable = announceAt === null && !heldBack.some(({ isRouteWrong }) => isRouteWrong);
    const asked = isPreparing ? first : writes;
    const ofView = { ...basis, snapshot: view };
    const settling = { basis: ofView, decision, writes: asked, decidedAt, type, carry: pass.carry, isAnnounceable };
    const outcome = await settle(settling, deps, signal);
    // What only prepares does not count, but the patch that follows does.
    const lasting = isPreparing ? outcome.writes.filter(isOfService) : outcome.writes;
    pass.ledger = note(pass.ledger, askedOf(lasting, asked), decidedAt);
    if (outcome.kind === 'settled' && outcome.hasRecorded)
      pass.ledger = noteAnnouncement(pass.ledger, said, decidedAt, of);
    if (isPreparing) placed.push(...outcome.writes);
    if (outcome.kind === 'stale') {
      if (!isPreparing && outcome.writes.length > 0) standing = { decision, writes: outcome.writes };
      if (attempt > MAX_REREADS) throw outcome.error;
      const { namespace, name } = service;
      deps.metrics.retryAttempts.inc({ namespace, service: name, operation: 'write', attempt });
      attempt += 1;
      takeBasis(pass, await readBasis(request, deps, signal, basis.snapshot));
    } else if (isPreparing && outcome.writes.length === first.length) {
      pass.basis = { ...basis, snapshot: withPlaceholders(basis.snapshot, outcome) };
      pass.shown = withPlaceholders(pass.shown, outcome);
      isConfirmed = waitsForPlaces && (await confirmFirst(deps.api, pass.basis.snapshot, signal));
      if (waitsForPlaces && !isConfirmed) pass.ledger = noteRefuted(pass.ledger, view, decidedAt);
    } else {
      // Fewer than asked for: the namespace is going, and nothing more can be made in it.
      const whole = tellWhole(standing, {
        decision,
        writes: isPreparing ? placed : [...placed, ...outcome.writes],
      });
      if (outcome.writes.length === 0) await deps.announcer.tellUndone(view, heldBack, signal);
      for (const { resource } of heldBack) deps.metrics.writesHeldBack.inc({ resource });
      // The next election sees what this one has written.
      if (ref !== null && outcome.writes.length > 0)
        pass.basis = { ...basis, snapshot: withPlaceholders(basis.snapshot, outcome) };
      const againAt = earliest(heldUntil, announceAt);
      const scaledAt = await deps.scaler.step(
        afterWrites(pass, view, ref, outcome),
        decision,
        hasRouted(outcome),
        signal,
      );
      const nextAt = earliest(earliest(nextLookAt, againAt), scaledAt);
      const dueAt = earliest(nextAt, outcome.owes ? decidedAt + ANNOUNCE_AGAIN_MS : null);
      return { ...whole, last: decision, decidedAt, attempts: attempt, dueAt, carry: outcome.carry };
    }
  }
}

/** The view as the writes of this reconcile have left it. */
function afterWrites(pass: Pass, view: Snapshot, ref: ElectionRef | null, outcome: Settled): Snapshot {
  if (outcome.writes.length === 0) return view;
  const written = ref === null ? withPlaceholders(pass.basis.snapshot, outcome) : pass.basis.snapshot;
  return viewIn(written, ref);
}

function hasRouted({ writes }: Settled): boolean {
  return writes.some(({ stage }) => stage === 'route');
}

function takeBasis(pass: Pass, basis: Basis): void {
  pass.basis = basis;
  pass.shown = basis.snapshot;
}

/** Without the election, where the state read has it no more, the first one. */
export function viewIn(snapshot: Snapshot, ref: ElectionRef | null): Snapshot {
  return (ref === null ? undefined : viewOf(snapshot, ref)) ?? viewsOf(snapshot)[0];
}

export function select(snapshot: Snapshot, now: number, tracing: Tracing = noTracing): Assessment {
  if (!tracing.isOn) return assess(snapshot, now);
  return tracing.span('select', { attributes: { 'zen_lead.candidates': snapshot.candidates.length } }, (span) => {
    const assessment = assess(snapshot, now);
    const { kind, reason } = assessment.decision;
    span.set({ 'zen_lead.decision': kind, 'zen_lead.reason': reason });
    return assessment;
  });
}

function isOfService(write: Write): boolean {
  return 'resource' in write && write.resource === 'services';
}

/** What was decided, and what of it was written. */
interface Standing {
  readonly decision: Decision;
  readonly writes: readonly Write[];
}

/**
 * A conflict can come after the route was written, at the other family's slice. What is then
 * decided finds the new leader in place and keeps it. What this reconcile did is still an election;
 * the reply is what the snapshot in it gives, so that replaying it agrees.
 */
function tellWhole(before: Standing | null, last: Standing): Standing {
  if (before === null) return last;
  const writes = [...before.writes, ...last.writes];
  const leaderUid = before.decision.leader?.uid;
  const isInPlace = last.decision.previous?.uid === leaderUid && last.decision.leader?.uid === leaderUid;
  return { decision: isInPlace ? before.decision : last.decision, writes };
}

export function earliest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
