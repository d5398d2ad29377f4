/**
 * `zen-lead replay`: decides a recording again, without a cluster, and shows what happened.
 *
 * Guarantees: streams, so that a recording of any size takes the memory of one line (and `--html` about 50 bytes a look); what can be
 * read of a broken recording is shown. Exit code 2 after a line that could not be read, else 1 where `--expect` found a
 * difference or `--url` had no answer.
 */

import type { Values } from '../lib/config/parseCommandLine.ts';
import { configError } from '../lib/config/parseValue.ts';
import { abortOnStopSignal } from './abortOnStopSignal.ts';
import { toExplainDocument } from './explain/explainDocument.ts';
import { renderExplanation } from './explain/renderExplanation.ts';
import { type Output, openOutput } from './output.ts';
import { chooseLooks } from './replay/chooseLooks.ts';
import { decideAgain, type Replayed } from './replay/decideAgain.ts';
import { createHtmlTimeline, type HtmlTimeline } from './replay/htmlTimeline.ts';
import { createNews } from './replay/news.ts';
import { createNewWarnings } from './replay/newWarnings.ts';
import { openRecordings } from './replay/openRecordings.ts';
import { renderHeading, renderLook, renderNotes, renderOutcome } from './replay/renderLook.ts';
import { type SendOptions, sendAgain } from './replay/sendAgain.ts';
import { createPacer, openStepper } from './replay/stepper.ts';
import { createTally } from './replay/tally.ts';

export async function replay(values: Values<'replay'>): Promise<void> {
  const { files, step, url, tokenFile, speed, all, expect } = values;
  const isWanted = chooseLooks(values);
  if (step && files.includes('-'))
    throw configError('--step reads the keyboard; give the recording as a file, not as -');
  const output = openOutput(process.stdout, values.noColor);
  const signal = abortOnStopSignal();
  const sending: SendOptions | null = url === undefined ? null : { url, tokenFile, signal };
  using stepper = step ? openStepper(process.stdin) : null;
  const pause = createPacer(speed);
  const isNews = createNews();
  const newWarnings = createNewWarnings();
  const tally = createTally();
  const html: HtmlTimeline | null = values.html === undefined ? null : createHtmlTimeline();
  let lacksAnswers = false;

  // A page or a comparison is what was asked for, then.
  const isSilent = expect || html !== null;
  if (!isSilent) await output.line(renderHeading(output.paint));
  for await (const read of openRecordings(files)) {
    if (signal.aborted || output.isGone()) break;
    if (read.kind === 'broken') {
      tally.addBroken();
      process.stderr.write(`${read.place}: ${read.problem}\n`);
      continue;
    }
    if (read.line.kind === 'other') {
      tally.addOther();
      continue;
    }
    if (!isWanted(read.line)) continue;
    const replayed = decideAgain(read.line);
    tally.add(replayed);
    html?.add(replayed, read.place);
    await pause(read.line.at, signal);
    if (expect && replayed.differs) await printDifference(replayed, read.place, output);
    const warnings = newWarnings(replayed);
    const isShown = (isNews(replayed) || all) && !isSilent;
    if (isShown) await printLook({ ...replayed, warnings }, output);
    if (sending !== null) {
      const answer = await sendAgain(read.line, sending);
      lacksAnswers ||= !answer.isAnswered;
      await output.line(`${' '.repeat(26)}${answer.text}`);
    }
    if (stepper === null || !isShown) continue;
    await printStep(replayed, output);
    if (!(await stepper.waitForGo())) break;
  }
  if (html !== null && values.html !== undefined) {
    await html.write(values.html);
    await output.line(`${values.html} is written; open it in a browser`);
  }
  await output.line(`${isSilent ? '' : '\n'}${tally.render()}`);
  if (tally.broken() > 0) process.exitCode = 2;
  else if ((expect && tally.differing() > 0) || lacksAnswers) process.exitCode = 1;
}

async function printLook(replayed: Replayed, { line, paint }: Output): Promise<void> {
  await line(renderLook(replayed, paint));
  for (const note of renderNotes(replayed, paint)) await line(note);
}

async function printDifference({ look, today }: Replayed, place: string, { line, paint }: Output): Promise<void> {
  if (today === null || look.recorded === null) return;
  const { namespace, name } = look.service;
  await line(`${place}  ${new Date(look.at).toISOString()}  ${namespace}/${name}`);
  await line(paint('red', `  - recorded  ${renderOutcome(look.recorded)}`));
  await line(paint('green', `  + today     ${renderOutcome(today)}`));
}

async function printStep({ look }: Replayed, { line, paint }: Output): Promise<void> {
  const lines = look.snapshot === null ? [] : renderExplanation(toExplainDocument(look.snapshot, look.at), paint);
  await line();
  for (const text of lines) await line(`    ${text}`);
  await line(paint('dim', '\n    Enter: next   q: end'));
}
