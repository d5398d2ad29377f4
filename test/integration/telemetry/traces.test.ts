import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listenOnLoopback } from '../../../cli/demo/cluster/podNetwork.ts';
import { parseTraceparent } from '../../../lib/telemetry/tracing.ts';
import { aCluster } from '../../support/programs/aCluster.ts';
import { expectGracefulStop, readUrl, startProgram } from '../../support/programs/startProgram.ts';
import { aTraceReceiver, type ReceivedSpan } from '../../support/servers/traceReceiver.ts';

const fast = { OTEL_BSP_SCHEDULE_DELAY: '50' };

/** The names from a span up to the root of its trace. */
function pathOf(span: ReceivedSpan, spans: readonly ReceivedSpan[]): readonly string[] {
  const parent = spans.find((each) => each.traceId === span.traceId && each.spanId === span.parentSpanId);
  return parent === undefined ? [span.name] : [...pathOf(parent, spans), span.name];
}

const pathsOf = (spans: readonly ReceivedSpan[]) => spans.map((span) => pathOf(span, spans).join(' > '));

describe('traces', () => {
  it('traces are one trace from what the bridge observed, across the CloudEvent, to the patch in the function', async () => {
    const receiver = await aTraceReceiver();
    const cluster = await aCluster();
    const environment = { ...fast, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const functions = startProgram(['functions', '--kubeconfig', cluster.kubeconfig, '--port', '0'], environment);
    const sink = (await readUrl(functions)).replace('0.0.0.0', '127.0.0.1');
    const bridge = startProgram(
      ['bridge', '--kubeconfig', cluster.kubeconfig, '--port', '0', '--sink', sink],
      environment,
    );
    await bridge.waitForLine('every list is complete');
    await cluster.startLed();
    await cluster.failOver();

    await expect
      .poll(() => pathsOf(receiver.spans), { message: 'the spans from the change to the patch' })
      .toEqual(
        expect.arrayContaining([
          'change > deliver > reconcile > select',
          'change > deliver > reconcile > patch endpointslices',
        ]),
      );
    expect(pathsOf(receiver.spans)).toEqual(expect.arrayContaining(['relist', 'relist > list pods', 'relist > store']));
    // No call of the bridge runs inside a list that has ended.
    expect(receiver.spans.filter(({ name }) => name.endsWith(' leases'))).toEqual([]);
    expect(receiver.paths).toEqual(new Set(['POST /v1/traces']));
    const services = new Map(receiver.spans.map(({ name, service }) => [name, service]));
    expect(services.get('deliver')).toBe('zen-lead-bridge');
    expect(services.get('patch endpointslices')).toBe('zen-lead-functions');
    // The correlation id: the function's log line names the trace that the bridge began.
    const line: unknown = JSON.parse(await functions.waitForLine('elected db-1'));
    const readPatches = () =>
      receiver.spans.filter(({ name }) => name === 'patch endpointslices').map(({ traceId }) => traceId);
    // Spans leave in batches: those of the opt-in may be there before those of the failover.
    await expect
      .poll(readPatches, { message: 'the trace of the failover' })
      .toContain((line as { traceId?: unknown }).traceId);
    await expectGracefulStop(bridge);
    await expectGracefulStop(functions);
  });

  it('traces show an event that was sent again as one change with several deliveries', async () => {
    const receiver = await aTraceReceiver();
    const cluster = await aCluster();
    await cluster.createPod('db-0', '10.0.0.10');
    await cluster.createService();
    // The first is never answered, so that the same event is sent again: the function may be
    // working on it.
    const traceparents: unknown[] = [];
    const sink = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      const event: unknown = JSON.parse(Buffer.concat(chunks).toString());
      if (typeof event === 'object' && event !== null && 'traceparent' in event) traceparents.push(event.traceparent);
      if (traceparents.length > 1) response.end();
    });
    const port = await listenOnLoopback(sink, 0);
    onTestFinished(() => {
      sink.closeAllConnections();
      sink.close();
    });
    const args = ['--kubeconfig', cluster.kubeconfig, '--port', '0', '--sink', `http://127.0.0.1:${port}`];
    const bridge = startProgram(['bridge', ...args, '--attempt-timeout-ms', '100'], {
      ...fast,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    });
    await expect.poll(() => traceparents.length, { message: 'the same event once more' }).toBeGreaterThan(1);
    await expectGracefulStop(bridge);

    const [first, again] = traceparents.map((each) => parseTraceparent(String(each)));
    expect(again?.traceId).toBe(first?.traceId);
    expect(again?.spanId).not.toBe(first?.spanId);
    const trace = receiver.spans.filter(({ traceId }) => traceId === first?.traceId).map(({ name }) => name);
    expect(trace.sort()).toEqual(['change', 'deliver', 'deliver']);
  });

  it('traces are kept by the share that the sampler is given', async () => {
    const receiver = await aTraceReceiver();
    const cluster = await aCluster();
    const program = startProgram(['run', '--kubeconfig', cluster.kubeconfig, '--port', '0'], {
      ...fast,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0',
    });
    await readUrl(program);
    await cluster.createPod('db-0', '10.0.0.10');
    await cluster.createService();
    await cluster.expectLeader('10.0.0.10');
    await expectGracefulStop(program);
    expect(receiver.spans).toEqual([]);
  });

  it('traces hold nothing up when the receiver is away', async () => {
    const cluster = await aCluster();
    const program = startProgram(['run', '--kubeconfig', cluster.kubeconfig, '--port', '0'], {
      ...fast,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    });
    await readUrl(program);
    await cluster.createPod('db-0', '10.0.0.10');
    await cluster.createService();
    await cluster.expectLeader('10.0.0.10');
    await expectGracefulStop(program);
  });

  it.each([
    { name: 'traces are not even loaded when off', environment: {}, isLoaded: false },
    {
      name: 'traces are loaded when they are asked for',
      environment: { OTEL_TRACES_EXPORTER: 'otlp' },
      isLoaded: true,
    },
  ])('$name', async ({ environment, isLoaded }) => {
    const cluster = await aCluster();
    const preload = fileURLToPath(new URL('./loadedModules.mjs', import.meta.url));
    const args = ['run', '--kubeconfig', cluster.kubeconfig, '--port', '0'];
    const program = startProgram(args, { ...environment, NODE_OPTIONS: `--import=${preload}` });
    await readUrl(program);
    await cluster.createPod('db-0', '10.0.0.10');
    await cluster.createService();
    await cluster.expectLeader('10.0.0.10');
    program.process.kill('SIGTERM');
    expect(await program.exited).toBe(0);
    expect(program.stderr().includes('openTelemetry.ts')).toBe(isLoaded);
    expect(program.stderr().includes('@opentelemetry')).toBe(isLoaded);
  });
});
