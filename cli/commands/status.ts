/**
 * Runs `zen-lead status`, which lists every annotated Service, its leader, since when, and whether
 * anything is wrong.
 *
 * Guarantees: `--watch` prints each change so that it can be piped. A change is a line of its own,
 * or with `-o json` and `yaml` a document of its own.
 */

import type { LeaderStatus } from '../../api/leaderStatus.ts';
import type { StatusChange, StatusFeed } from '../../api/statusFeed.ts';
import type { Values } from '../../lib/config/parseCommandLine.ts';
import { configError } from '../../lib/config/parseValue.ts';
import { silentLogger } from '../../lib/telemetry/logger.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { askLeaders } from '../askBridge.ts';
import { connect } from '../connect.ts';
import { complain, type Output, openOutput } from '../output.ts';
import { printDocument } from '../printDocument.ts';
import { openLiveStatus } from '../status/openLiveStatus.ts';
import { renderTable } from '../status/renderTable.ts';
import { heading, toRows, wideHeading } from '../status/statusRow.ts';
import { abortOnStopSignal } from '../stopSignal.ts';

export async function status(values: Values<'status'>): Promise<void> {
  const output = openOutput(process.stdout, values.noColor);
  if (values.bridge !== undefined) return printBridge(values.bridge, values, output);
  const signal = abortOnStopSignal();
  await using open = new AsyncDisposableStack();
  const api = open.adopt(await connect(values, createMetrics(), silentLogger), (one) => one.close());
  const live = open.adopt(await openLiveStatus(api, values.namespaces, signal), (one) => one.close());
  const { output: format, watch } = values;
  for (const lack of live.feed.readiness().reasons) complain(lack);
  await printLeaders(live.feed.list(), format, output);
  if (watch) await printChanges(live.feed, format, output, signal);
}

/** As that bridge shows them, with its verdicts. */
async function printBridge(bridge: string, values: Values<'status'>, output: Output): Promise<void> {
  const { namespaces, output: format, watch } = values;
  if (watch) throw configError('--bridge shows one moment: the live page of the bridge follows what changes');
  const leaders = await askLeaders(bridge);
  const wanted = leaders.filter(({ namespace }) => namespaces.length === 0 || namespaces.includes(namespace));
  await printLeaders(wanted, format, output);
}

async function printLeaders(
  leaders: readonly LeaderStatus[],
  format: Values<'status'>['output'],
  output: Output,
): Promise<void> {
  if (format === 'json' || format === 'yaml') await printDocument({ leaders }, format, output);
  else if (leaders.length === 0) process.stderr.write('No Service is annotated with zen-lead.io/enabled.\n');
  else await printRows(leaders, format === 'wide', output);
}

async function printRows(leaders: readonly LeaderStatus[], isWide: boolean, output: Output): Promise<void> {
  const now = Date.now();
  const rows = leaders.flatMap((each) => toRows(each, now, isWide));
  const [head = '', ...lines] = renderTable([isWide ? wideHeading : heading, ...rows.map(({ row }) => row)]);
  await output.line(output.paint('bold', head));
  for (const [index, line] of lines.entries()) await output.line(paintRow(line, rows[index]?.status, output));
}

function paintRow(line: string, leader: LeaderStatus | undefined, { paint }: Output): string {
  if (leader?.leader === null || leader?.decision === 'refused') return paint('red', line);
  return leader !== undefined && (leader.paused || leader.warnings.length > 0) ? paint('yellow', line) : line;
}

/** Until Ctrl-C, or until the reader has gone. */
async function printChanges(
  feed: StatusFeed,
  format: Values<'status'>['output'],
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const ended = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => ended.resolve());
  const print = async (change: StatusChange): Promise<void> => {
    if (format === 'json') await output.line(JSON.stringify(change));
    else if (format === 'yaml') await output.line('---').then(() => printDocument(change, 'yaml', output));
    else if (change.kind === 'removed')
      await output.line(`${change.namespace}/${change.service} is not annotated any more`);
    else {
      for (const { row, status: each } of toRows(change.status, Date.now(), format === 'wide'))
        await output.line(paintRow(`${new Date().toISOString()}   ${row.join('   ')}`, each, output));
    }
    if (output.isGone()) ended.resolve();
  };
  feed.subscribe((change) => void print(change));
  // What is printed already does not count as a change.
  feed.list();
  await ended.promise;
}
