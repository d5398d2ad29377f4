/**
 * Runs `zen-lead record`, which watches a cluster as a bridge does, decides without writing, and
 * writes each event with its reply as a line.
 *
 * Guarantees: it only reads; get, list and watch of pods, Services and EndpointSlices are enough.
 * It can run beside the zen-lead that does the work.
 */

import { startBridge } from '../../bridge/startBridge.ts';
import type { Values } from '../../lib/config/parseCommandLine.ts';
import { createLogger } from '../../lib/telemetry/logger.ts';
import { createMetrics } from '../../lib/telemetry/metrics.ts';
import { connect } from '../connect.ts';
import { createDrySink } from '../record/drySink.ts';
import { openRecordOutput } from '../record/openRecordOutput.ts';
import { waitForStopSignal } from '../stopSignal.ts';

/** Only for the source of the events; the recorded cluster may have another name. */
const CLUSTER_NAME = 'recorded';

export async function record(values: Values<'record'>): Promise<void> {
  const stopped = waitForStopSignal();
  const log = createLogger(values.logLevel, 'zen-lead-record', 'stderr');
  const metrics = createMetrics();
  await using open = new AsyncDisposableStack();
  const { recorder, readerGone } = await openRecordOutput(values, log);
  open.defer(() => recorder?.close());
  const api = open.adopt(await connect(values, metrics, log), (one) => one.close());
  const bridge = startBridge({
    api,
    sink: createDrySink(api, CLUSTER_NAME),
    clusterName: CLUSTER_NAME,
    namespaces: values.namespaces,
    metrics,
    log,
    ...(recorder !== null && { onDelivery: recorder.record }),
  });
  open.defer(() => bridge.close());
  await Promise.race([stopped, readerGone]);
}
