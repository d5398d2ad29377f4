/**
 * reconcileAll: takes the elections of one Service in turn, each on what those before it have
 * written. docs/decisions/elections.md
 *
 * Routes come first. As for a Service with one election, what follows from them (announcements,
 * followers) is the next reconcile, so that a slow sink holds up no route.
 *
 * Guarantees: never two at once, so that each sees whom its siblings elect (S14). A write that the
 * API server refuses to one election does not keep the others from theirs.
 */

import { ZenLeadError } from '../../lib/errors.ts';
import { assess } from '../../lib/selection/assess.ts';
import { type ElectionRef, isSameElection } from '../../lib/selection/elections/electionSettings.ts';
import type { Elections } from '../../lib/selection/elections/electionsOf.ts';
import { admit } from './damping.ts';
import type { DoneElection, ReconcileDeps } from './reconcile.ts';
import { type Assessed, type Pass, reconcileElection, select, viewIn } from './reconcileElection.ts';

export interface DoneAll {
  /** In the order in which they are decided. */
  readonly done: readonly DoneElection[];
  /** The first error; undefined where there was none. */
  readonly failure: unknown;
}

export async function reconcileAll(
  pass: Pass,
  { refs }: Elections,
  deps: ReconcileDeps,
  signal: AbortSignal,
): Promise<DoneAll> {
  const done: DoneElection[] = [];
  let failure: unknown;
  const isDone = (ref: ElectionRef): boolean => done.some((each) => isSameElection(each, ref));

  const assessed = new Map<ElectionRef, Assessed>();

  /** False where the ones after it should not be tried. */
  async function run(ref: ElectionRef): Promise<boolean> {
    try {
      done.push({ ...ref, ...(await reconcileElection(pass, ref, deps, signal, assessed.get(ref))) });
      return true;
    } catch (error) {
      failure ??= error;
      return isOfOne(error) && !signal.aborted;
    }
  }

  const failed = new Set<ElectionRef>();
  async function runAll(wanted: (ref: ElectionRef) => boolean): Promise<boolean> {
    for (const ref of refs) {
      if (isDone(ref) || failed.has(ref) || !wanted(ref)) continue;
      const goesOn = await run(ref);
      if (!isDone(ref)) failed.add(ref);
      if (!goesOn) return false;
    }
    return true;
  }

  const routesAll = await runAll((ref) => {
    const view = viewIn(pass.basis.snapshot, ref);
    const at = deps.now();
    const assessment = select(view, at, deps.tracing);
    assessed.set(ref, { view, assessment, at });
    const { writes } = admit(pass.ledger, assessment.writes, view, at);
    return writes.some(({ stage }) => stage === 'route');
  });
  const hasRouted = done.some(({ writes }) => writes.length > 0);
  if (routesAll && !hasRouted) await runAll(() => true);
  for (const ref of refs) if (!isDone(ref) && !failed.has(ref)) done.push(look(pass, ref, deps.now()));
  const order = (each: DoneElection): number => refs.findIndex((ref) => isSameElection(ref, each));
  return { done: done.toSorted((a, b) => order(a) - order(b)), failure };
}

/** Decides and writes nothing: the route of a sibling came first. */
function look({ basis, carry }: Pass, ref: ElectionRef, now: number): DoneElection {
  const { decision, nextLookAt } = assess(viewIn(basis.snapshot, ref), now);
  return { ...ref, decision, last: decision, decidedAt: now, writes: [], attempts: 1, dueAt: nextLookAt, carry };
}

/** It says something of one object, and not of the API server or of the caller. */
function isOfOne(error: unknown): boolean {
  if (!(error instanceof ZenLeadError)) return false;
  return error.retry === 'now' || error.code === 'KUBE_FORBIDDEN' || error.code === 'KUBE_INVALID';
}
