/**
 * Runs `zen-lead explain`, which says why this pod leads, why each other one does not, and what
 * happens next. It reads a cluster or a recording.
 */

import { readService } from '../../functions/reconcile/readService.ts';
import type { Values } from '../../lib/config/parseCommandLine.ts';
import { configError } from '../../lib/config/parseValue.ts';
import { ZenLeadError } from '../../lib/errors.ts';
import type { ServiceRef } from '../../lib/events/subject.ts';
import { parseLine } from '../../lib/recording/parseLine.ts';
import { joinObservations } from '../../lib/selection/joinObservations.ts';
import type { Snapshot } from '../../lib/selection/snapshot.ts';
import { silentLogger } from '../../lib/telemetry/logger.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { askObservations } from '../askBridge.ts';
import { connect } from '../connect.ts';
import { toExplainDocument } from '../explain/explainDocument.ts';
import { renderExplanation } from '../explain/renderExplanation.ts';
import { parseElectionKey, takeView } from '../operands/parseElectionKey.ts';
import { parseInstant } from '../operands/parseInstant.ts';
import { takeSource } from '../operands/takeSource.ts';
import { complain, openOutput } from '../output.ts';
import { printDocument } from '../printDocument.ts';
import { chooseEvents } from '../replay/chooseEvents.ts';
import { openRecordings } from '../replay/openRecordings.ts';
import { abortOnStopSignal } from '../stopSignal.ts';

/** What is explained, and the instant it is explained for. */
interface Moment {
  readonly snapshot: Snapshot;
  readonly at: number;
}

export async function explain(values: Values<'explain'>): Promise<void> {
  const service = parseElectionKey(values.service);
  const { recording, at, bridge, output: format } = values;
  if (recording === undefined && at !== undefined)
    throw configError('--at needs --recording: a cluster only knows now');
  if (recording !== undefined && bridge !== undefined)
    throw configError('--bridge needs a cluster: a recording holds the verdicts of its time');
  const moment =
    recording === undefined ? await readCluster(service, values) : await findReconcile(service, recording, at);
  const document = toExplainDocument(moment.snapshot, moment.at, takeView(moment.snapshot, service));
  const output = openOutput(process.stdout, values.noColor);
  if (format !== 'text') return printDocument(document, format, output);
  for (const line of renderExplanation(document, output.paint)) await output.line(line);
  const check = document.healthCheck ?? document.roleCheck;
  if (check?.observer === null && recording === undefined && bridge === undefined)
    complain('verdicts are in the memory of a bridge; --bridge asks one for them');
}

async function readCluster({ namespace, name }: ServiceRef, values: Values<'explain'>): Promise<Moment> {
  await using open = new AsyncDisposableStack();
  const api = open.adopt(await connect(values, createMetrics(), silentLogger), (one) => one.close());
  const { snapshot } = await readService(api, { namespace, name }, Date.now, abortOnStopSignal());
  takeSource({ namespace, name }, snapshot.source);
  const { bridge } = values;
  const observations = bridge === undefined ? undefined : await askObservations(bridge, { namespace, name });
  return { snapshot: joinObservations(snapshot, observations), at: Date.now() };
}

/**
 * The last reconcile with a state, up to an instant. A line that cannot be read may have been the
 * one, and then "not found" would be wrong.
 */
async function findReconcile(service: ServiceRef, path: string, until: string | undefined): Promise<Moment> {
  const name = `${service.namespace}/${service.name}`;
  // The instant of a line of the timeline includes that line.
  const isWanted = chooseEvents({ services: [name], from: undefined, until: undefined });
  const untilAt = parseInstant('--at', until) ?? Number.POSITIVE_INFINITY;
  let found: Moment | null = null;
  let isBroken = false;
  for await (const read of openRecordings([path], parseLine)) {
    if (read.kind === 'broken') {
      complain(`${read.place}: ${read.problem}`);
      process.exitCode = 2;
      isBroken = true;
    } else if (read.line.kind === 'reconcile' && isWanted(read.line)) {
      const { snapshot, at } = read.line;
      if (snapshot !== null && at <= untilAt && at >= (found?.at ?? 0)) found = { snapshot, at };
    }
  }
  if (found !== null) return found;
  const message = `${path} holds no reconcile of ${name}${until === undefined ? '' : ` up to ${until}`}`;
  throw new ZenLeadError(isBroken ? 'INPUT_INVALID' : 'KUBE_NOT_FOUND', message, { retry: 'never' });
}
