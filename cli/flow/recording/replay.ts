/**
 * Runs `zen-flow replay`, which decides a recording of flows again, without a cluster, and shows
 * what happened.
 *
 * Guarantees: it streams, so a recording of any size takes the memory of one line (and of `--html`
 * what flowTimeline.ts bounds). It shows what can be read of a broken recording. The exit code is 2
 * after a line that could not be read, else 1 where `--expect` found a difference.
 */

import { writeFile } from 'node:fs/promises';
import type { flowCommands } from '../../../lib/config/flowCommands.ts';
import type { ValuesOf } from '../../../lib/config/setting.ts';
import { formatRfc3339 } from '../../../lib/events/rfc3339.ts';
import { parseFlowLine } from '../../../lib/recording/parseFlowLine.ts';
import { complain, type Output, openOutput } from '../../output.ts';
import { openRecordings } from '../../replay/openRecordings.ts';
import { createTally } from '../../replay/tally.ts';
import { abortOnStopSignal } from '../../stopSignal.ts';
import { choosePasses } from './choosePasses.ts';
import { decidePassAgain, passOutcomeOf, type ReplayedPass } from './decidePassAgain.ts';
import { createFlowTimeline } from './flowTimeline.ts';
import { renderPass, renderPassOutcome } from './renderPass.ts';

export async function replay(values: ValuesOf<(typeof flowCommands)['replay']['settings']>): Promise<void> {
  const isWanted = choosePasses(values);
  const output = openOutput(process.stdout, values.noColor);
  const signal = abortOnStopSignal();
  const timeline = values.html === undefined ? null : createFlowTimeline();
  // The person asked for a page or a comparison, then.
  const isSilent = values.expect || timeline !== null;
  const tally = createTally({ pass: 'pass', passes: 'passes', source: 'flow' });

  for await (const read of openRecordings(values.files, parseFlowLine)) {
    if (signal.aborted || output.isGone()) break;
    if (read.kind === 'broken') {
      tally.addBroken();
      complain(`${read.place}: ${read.problem}`);
    } else if (read.line.kind === 'other') {
      tally.addOther();
    } else if (isWanted(read.line)) {
      const replayed = decidePassAgain(read.line);
      tally.add(toEntry(replayed));
      timeline?.add(replayed);
      if (values.expect && replayed.differs) await printDifference(replayed, read.place, output);
      if (!isSilent && (values.all || isNews(replayed))) await output.line(renderPass(replayed, output.paint));
    }
  }
  if (timeline !== null && values.html !== undefined) {
    await writeFile(values.html, timeline.render());
    await output.line(`${values.html} is written; open it in a browser`);
  }
  await output.line(tally.render());
  if (tally.broken() > 0) process.exitCode = 2;
  else if (values.expect && tally.differing() > 0) process.exitCode = 1;
}

/** Most passes find nothing to do. */
function isNews(replayed: ReplayedPass): boolean {
  const { pass, differs } = replayed;
  const isFailed = pass.status !== null && pass.status !== 200;
  const outcome = passOutcomeOf(replayed);
  return (
    differs === true || isFailed || outcome === null || outcome.changes.length > 0 || outcome.decision === 'refused'
  );
}

function toEntry(replayed: ReplayedPass) {
  const { pass, today, differs } = replayed;
  const { namespace, name } = pass.flow;
  return {
    key: `${namespace}/${name}`,
    at: pass.at,
    decision: passOutcomeOf(replayed)?.decision,
    isDecided: today !== null,
    differs,
  };
}

async function printDifference({ pass, today }: ReplayedPass, place: string, { line, paint }: Output): Promise<void> {
  if (today === null || pass.recorded === null) return;
  await line(`${place}  ${formatRfc3339(pass.at)}  ${pass.flow.namespace}/${pass.flow.name}`);
  await line(paint('red', `  - recorded  ${renderPassOutcome(pass.recorded)}`));
  await line(paint('green', `  + today     ${renderPassOutcome(today)}`));
}
