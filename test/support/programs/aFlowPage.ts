/** Serves the live page of flows over flows that a test makes up; it ends with the test. */

import { onTestFinished } from 'vitest';
import { createFlowFeed, type FlowFeed } from '../../../api/flows/flowFeed.ts';
import type { WatchedFlow } from '../../../api/flows/flowStatus.ts';
import { startProbes } from '../../../cli/serve/startProbes.ts';
import { parseJobFlow } from '../../../lib/flow/objects/parseJobFlow.ts';
import type { JsonObject } from '../../../lib/flow/spec/flowSpec.ts';
import { API_VERSION } from '../../../lib/flow/state/names.ts';
import { newRecord, type StepRecord } from '../../../lib/flow/state/record.ts';
import { createMetrics } from '../../../lib/telemetry/metrics.ts';

export interface FlowPage {
  readonly url: string;
  readonly feed: FlowFeed;
  /** Adds a flow, or says where its steps are now. */
  show(name: string, spec: JsonObject, steps?: Readonly<Record<string, Partial<StepRecord>>>, ended?: boolean): void;
  remove(name: string): void;
  stop(): Promise<void>;
}

const NAMESPACE = 'shop';
const START = Date.parse('2026-11-20T10:00:00Z');

export async function aFlowPage(port = 0): Promise<FlowPage> {
  const flows = new Map<string, WatchedFlow>();
  const feed = createFlowFeed();
  const isReady = () => ({ ready: true, reasons: [] });
  const viewOf = ({ name }: { readonly name: string }) => flows.get(name) ?? null;
  feed.follow({
    sources: () => [...flows.keys()].map((name) => ({ namespace: NAMESPACE, name })),
    viewOf,
    readiness: isReady,
  });
  const options = { host: '127.0.0.1', port, metrics: createMetrics(), isReady, flows: { feed, viewOf } };
  const server = await startProbes(options);
  const stop = async () => {
    feed.close();
    await server.close();
  };
  onTestFinished(stop);
  return {
    url: server.url,
    feed,
    show(name, spec, steps = {}, ended = false) {
      const metadata = { namespace: NAMESPACE, name, uid: `uid-${name}`, resourceVersion: '1', generation: 1 };
      const flow = parseJobFlow({ apiVersion: API_VERSION, kind: 'JobFlow', metadata, spec });
      const first = newRecord(flow.spec, flow.specHash, START);
      const rev = (flows.get(name)?.record?.rev ?? 0) + 1;
      const rows = first.steps.map((step) => ({ ...step, ...steps[step.name] }));
      flows.set(name, { flow, record: { ...first, rev, steps: rows, endedAt: ended ? START + 60_000 : null } });
      feed.note({ namespace: NAMESPACE, name });
    },
    remove(name) {
      flows.delete(name);
      feed.note({ namespace: NAMESPACE, name });
    },
    stop,
  };
}
