/**
 * Makes the flows that are measured: chains of steps, each a Job, as a JobFlow or as bare Jobs. A
 * stand-in ends each Job as soon as it is there.
 */

import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { API_VERSION, label } from '../lib/flow/state/names.ts';
import type { ControlPlane } from '../test/support/controlPlane/startControlPlane.ts';
import { watchLines } from '../test/support/controlPlane/watchLines.ts';

const template = {
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'example.com/work:1' }] } } },
};

const stepName = (step: number): string => `s${String(step).padStart(3, '0')}`;

export interface Shape {
  readonly steps: number;
  /** So many run at once; each that ends starts the one so many steps after it. */
  readonly width: number;
}

const LARGE = 1_000;
const shapes: Readonly<Record<string, Shape>> = {
  long: { steps: LARGE, width: 1 },
  wide: { steps: LARGE, width: 64 },
};

/** By the name of a flow. */
export function shapeOf(flow: string): Shape {
  return shapes[flow] ?? { steps: 20, width: 1 };
}

/** A chain; a wide one has no dependencies, and zen-flow runs 64 of its steps at once. */
export function aFlow(name: string): object {
  const { steps, width } = shapeOf(name);
  const list = Array.from({ length: steps }, (_, step) => ({
    name: stepName(step),
    templateRef: 'work',
    ...(step > 0 && width === 1 && { dependencies: [stepName(step - 1)] }),
  }));
  const spec = { templates: [{ name: 'work', template }], steps: list };
  return { apiVersion: API_VERSION, kind: 'JobFlow', metadata: { name }, spec };
}

export function aChainJob(flow: string, step: number): object {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: `${flow}-${stepName(step)}`, labels: { [label.flow]: flow, [label.step]: stepName(step) } },
    ...template,
  };
}

const jobLine = z.object({
  type: z.string(),
  object: z.object({
    metadata: z.object({
      name: z.string(),
      resourceVersion: z.string(),
      labels: z.record(z.string(), z.string()).default({}),
    }),
    status: z
      .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) })
      .default({ conditions: [] }),
  }),
});

export interface ChainJob {
  readonly name: string;
  readonly flow: string;
  /** From 0. */
  readonly step: number;
  readonly isComplete: boolean;
  readonly resourceVersion: string;
}

type Server = Pick<ControlPlane, 'url' | 'token' | 'caFile'>;

/**
 * Follows the Jobs of the namespace. A busy API server ends the watch of a reader that lags, so it
 * is begun again where it ended, as any controller does. Resolves once it is open.
 */
export async function followJobs(
  server: Server,
  namespace: string,
  signal: AbortSignal,
): Promise<AsyncIterable<ChainJob>> {
  const open = (query: string) =>
    watchLines(server, `/apis/batch/v1/namespaces/${namespace}/jobs?allowWatchBookmarks=false${query}`, signal);
  const first = await open('');
  async function* jobs(): AsyncGenerator<ChainJob> {
    let seen = '';
    for (let lines = first; ; lines = await open(seen === '' ? '' : `&resourceVersion=${seen}`)) {
      for await (const line of lines) {
        const job = readChainJob(line);
        seen = job.resourceVersion;
        yield job;
      }
      if (signal.aborted) return;
    }
  }
  return jobs();
}

function readChainJob(line: unknown): ChainJob {
  const { metadata, status } = jobLine.parse(line).object;
  return {
    name: metadata.name,
    resourceVersion: metadata.resourceVersion,
    flow: metadata.labels[label.flow] ?? '',
    step: Number((metadata.labels[label.step] ?? 's0').slice(1)),
    isComplete: status.conditions.some(({ type, status: is }) => type === 'Complete' && is === 'True'),
  };
}

export interface JobFinisher {
  /** Jobs that were made, in all. */
  made(): number;
  /** Milliseconds from the end of a Job until the next one was there, since `forget`. */
  readonly hopsMs: readonly number[];
  forget(): void;
  /** Ends the Jobs that are there. */
  close(): Promise<void>;
}

/** Ends each Job of the namespace as soon as it is there, as the Job controller writes it. */
export async function startJobFinisher(controlPlane: ControlPlane, namespace: string): Promise<JobFinisher> {
  const { url, token, caFile } = controlPlane;
  const stop = new AbortController();
  const dispatcher = new Agent({ connect: { ca: readFileSync(caFile, 'utf8') } });
  const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const seen = new Set<string>();
  /** When the last Job of a flow ended, by its step. */
  const endedAt = new Map<string, number>();
  const hopsMs: number[] = [];

  async function finish({ name, flow, step }: ChainJob): Promise<void> {
    const at = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: at,
    }));
    const answer = await request(`${url}${jobs}/${name}/status`, {
      method: 'PATCH',
      dispatcher,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ status: { startTime: at, completionTime: at, succeeded: 1, conditions } }),
    });
    if (answer.statusCode >= 300) throw new Error(`${name}: ${answer.statusCode} ${await answer.body.text()}`);
    endedAt.set(`${flow}/${step}`, performance.now());
    await answer.body.dump();
  }

  const followed = await followJobs({ url, token, caFile }, namespace, stop.signal);
  const finishing = new Set<Promise<void>>();
  const follow = async (): Promise<void> => {
    for await (const job of followed) {
      if (seen.has(job.name)) continue;
      seen.add(job.name);
      const before = endedAt.get(`${job.flow}/${job.step - 1}`);
      if (before !== undefined) hopsMs.push(performance.now() - before);
      const run = finish(job).finally(() => finishing.delete(run));
      finishing.add(run);
    }
  };
  const following = follow();
  return {
    made: () => seen.size,
    hopsMs,
    forget: () => void hopsMs.splice(0),
    async close() {
      stop.abort();
      await following;
      await Promise.all(finishing);
      await dispatcher.close();
    },
  };
}
