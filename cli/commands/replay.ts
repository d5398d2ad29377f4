/**
 * Runs `zen-lead replay`, which decides a recording again, without a cluster, and shows what
 * happened.
 *
 * Guarantees: it streams, so a recording of any size takes the memory of one line (and `--html`
 * about 50 bytes a reconcile). It shows what can be read of a broken recording. The exit code is 2
 * after a line that could not be read, else 1 where `--expect` found a difference or `--url` had no
 * answer.
 */

import type { Values } from '../../lib/config/parseCommandLine.ts';
import { configError } from '../../lib/config/parseValue.ts';
import { parseLine } from '../../lib/recording/parseLine.ts';
import { serviceKey } from '../../lib/selection/snapshot.ts';
import { complain, openOutput } from '../output.ts';
import { chooseEvents } from '../replay/chooseEvents.ts';
import { decideAgain, outcomeOf, type Replayed } from '../replay/decideAgain.ts';
import { createHtmlTimeline } from '../replay/htmlTimeline.ts';
import { openRecordings } from '../replay/openRecordings.ts';
import { renderHeading } from '../replay/renderReconcile.ts';
import { createShow } from '../replay/show.ts';
import { openStepper } from '../replay/stepper.ts';
import { createTally, type TallyEntry } from '../replay/tally.ts';
import { abortOnStopSignal } from '../stopSignal.ts';

export async function replay(values: Values<'replay'>): Promise<void> {
  const { files, step } = values;
  const isWanted = chooseEvents(values);
  if (step && files.includes('-'))
    throw configError('--step reads the keyboard; give the recording as a file, not as -');
  const output = openOutput(process.stdout, values.noColor);
  const signal = abortOnStopSignal();
  const html = values.html === undefined ? null : createHtmlTimeline();
  // The person asked for a page or a comparison, then.
  const isSilent = values.expect || html !== null;
  using stepper = step ? openStepper(process.stdin) : null;
  const show = createShow(values, { output, signal, stepper, isSilent });
  const tally = createTally({ pass: 'reconcile', passes: 'reconciles', source: 'Service' });

  if (!isSilent) await output.line(renderHeading(output.paint));
  for await (const read of openRecordings(files, parseLine)) {
    if (signal.aborted || output.isGone()) break;
    if (read.kind === 'broken') {
      tally.addBroken();
      complain(`${read.place}: ${read.problem}`);
    } else if (read.line.kind === 'other') {
      tally.addOther();
    } else if (isWanted(read.line)) {
      const replayed = decideAgain(read.line);
      tally.add(toEntry(replayed));
      html?.add(replayed, read.place);
      if (!(await show.reconcile(replayed, read.place))) break;
    }
  }
  if (html !== null && values.html !== undefined) {
    await html.write(values.html);
    await output.line(`${values.html} is written; open it in a browser`);
  }
  if (!isSilent) await output.line();
  await output.line(tally.render());
  const complaint = show.complaint();
  if (complaint !== null) complain(`zen-lead: ${complaint}`);
  if (tally.broken() > 0) process.exitCode = 2;
  else if ((values.expect && tally.differing() > 0) || complaint !== null) process.exitCode = 1;
}

function toEntry(replayed: Replayed): TallyEntry {
  const { reconcile, today, differs } = replayed;
  const { namespace, name } = reconcile.service;
  const decision = outcomeOf(replayed)?.decision;
  return { key: serviceKey(namespace, name), at: reconcile.at, decision, isDecided: today !== null, differs };
}
