/**
 * Runs `zen-flow record`, which watches flows as a bridge does, decides without writing, and writes
 * each event with its reply as a line.
 *
 * Guarantees: it only reads. It can run beside the zen-flow that does the work.
 */

import { startFlowBridge } from '../../../bridge/startFlowBridge.ts';
import type { flowCommands } from '../../../lib/config/flowCommands.ts';
import type { ValuesOf } from '../../../lib/config/setting.ts';
import { createFlowMetrics } from '../../../lib/telemetry/flowMetrics.ts';
import { createLogger } from '../../../lib/telemetry/logger.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';
import { connect } from '../../connect.ts';
import { openRecordOutput } from '../../record/openRecordOutput.ts';
import { waitForStopSignal } from '../../stopSignal.ts';
import { createDryFlowSink } from './dryFlowSink.ts';
import { packDelivery } from './packDelivery.ts';

export async function record(values: ValuesOf<(typeof flowCommands)['record']['settings']>): Promise<void> {
  const stopped = waitForStopSignal();
  const log = createLogger(values.logLevel, 'zen-flow-record', 'stderr');
  const metrics = createMetrics();
  await using open = new AsyncDisposableStack();
  const { recorder, readerGone } = await openRecordOutput({ ...values, services: values.flows }, log);
  open.defer(() => recorder?.close());
  const api = open.adopt(await connect(values, metrics, log), (one) => one.close());
  const bridge = startFlowBridge({
    api,
    sink: createDryFlowSink(api),
    // Only for the source of the events; the recorded cluster may have another name.
    clusterName: 'recorded',
    namespaces: values.namespaces,
    metrics,
    flowMetrics: createFlowMetrics(metrics.registry),
    log,
    onDelivery: (delivery) => recorder?.record(packDelivery(delivery)),
  });
  open.defer(() => bridge.close());
  await Promise.race([stopped, readerGone]);
}
