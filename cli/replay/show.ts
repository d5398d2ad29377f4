/**
 * Shows each reconcile of a replay: waits, prints, compares, sends, and stops for a key.
 */

import type { Values } from '../../lib/config/parseCommandLine.ts';
import { formatRfc3339 } from '../../lib/events/rfc3339.ts';
import { toExplainDocument } from '../explain/explainDocument.ts';
import { renderExplanation } from '../explain/renderExplanation.ts';
import type { Output } from '../output.ts';
import type { Replayed } from './decideAgain.ts';
import { createNews } from './news.ts';
import { createNewWarnings } from './newWarnings.ts';
import { NOTE_INDENT, renderElections, renderNotes, renderOutcome, renderReconcile } from './renderReconcile.ts';
import { type SendOptions, sendAgain } from './sendAgain.ts';
import { createPacer, type Sleep, type Stepper } from './stepper.ts';

export interface Show {
  /** False when the person has had enough. */
  reconcile(replayed: Replayed, place: string): Promise<boolean>;
  /**
   * One line when a function (`--url`) did not answer, or not as it should. Null when all is well.
   */
  complaint(): string | null;
}

export interface Stage {
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly stepper: Stepper | null;
  /** No line of the timeline. */
  readonly isSilent: boolean;
  /** For the pauses of --speed; absent, the time of the machine. */
  readonly sleep?: Sleep;
}

export function createShow(
  { url, tokenFile, speed, all, expect }: Values<'replay'>,
  { output, signal, stepper, isSilent, sleep }: Stage,
): Show {
  const sending: SendOptions | null = url === undefined ? null : { url, tokenFile, signal };
  const pause = createPacer(speed, sleep);
  const isNews = createNews();
  const newWarnings = createNewWarnings();
  let unanswered = 0;
  let firstFailure = '';
  return {
    async reconcile(replayed, place) {
      await pause(replayed.reconcile.at, signal);
      if (expect && replayed.differs) await printDifference(replayed, place, output);
      const warnings = newWarnings(replayed);
      const isShown = (isNews(replayed) || all) && !isSilent;
      if (isShown) await printReconcile({ ...replayed, warnings }, output);
      if (sending !== null) {
        const answer = await sendAgain(replayed.reconcile, sending);
        if (!answer.isAnswered && unanswered++ === 0) firstFailure = answer.text;
        await output.line(`${' '.repeat(NOTE_INDENT)}${answer.text}`);
      }
      if (stepper === null || !isShown) return true;
      await printStep(replayed, output);
      return stepper.waitForGo();
    },
    // The answer of another program may have several lines.
    complaint: () =>
      unanswered === 0 ? null : `${firstFailure.replaceAll(/\s+/g, ' ')}; events that failed: ${unanswered}`,
  };
}

async function printReconcile(replayed: Replayed, { line, paint }: Output): Promise<void> {
  await line(renderReconcile(replayed, paint));
  for (const text of [...renderElections(replayed, paint), ...renderNotes(replayed, paint)]) await line(text);
}

async function printDifference({ reconcile, today }: Replayed, place: string, { line, paint }: Output): Promise<void> {
  if (today === null || reconcile.recorded === null) return;
  const { namespace, name } = reconcile.service;
  await line(`${place}  ${formatRfc3339(reconcile.at)}  ${namespace}/${name}`);
  await line(paint('red', `  - recorded  ${renderOutcome(reconcile.recorded)}`));
  await line(paint('green', `  + today     ${renderOutcome(today)}`));
}

async function printStep({ reconcile }: Replayed, { line, paint }: Output): Promise<void> {
  const lines =
    reconcile.snapshot === null ? [] : renderExplanation(toExplainDocument(reconcile.snapshot, reconcile.at), paint);
  await line();
  for (const text of lines) await line(`    ${text}`.trimEnd());
  await line();
  await line(paint('dim', '    Enter: next   q: end'));
}
