/**
 * WatchedWorld: a reflector against a scripted API server, and what it reported. The first LISTs,
 * checks and watches answer as the story says. Later LISTs repeat the last one, and later watches
 * stay open and quiet. Later checks find a server that is ahead of everything.
 */

import { systemClock } from '../../../bridge/clock.ts';
import { createObjectIndex, type ObjectIndex } from '../../../bridge/watch/objectIndex.ts';
import { createIndexes, createObjectStore } from '../../../bridge/watch/objectStore.ts';
import { type Reflector, startReflector } from '../../../bridge/watch/reflector.ts';
import { type ReflectorTuning, reflectorTuning } from '../../../bridge/watch/reflectorTuning.ts';
import { inputError } from '../../../lib/errors.ts';
import { createKubeApi } from '../../../lib/kube/client.ts';
import { pods } from '../../../lib/kube/kubeApi.ts';
import type { Logger } from '../../../lib/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../../lib/telemetry/metrics.ts';
import { type Answer, json, type ScriptedRequest, startScriptedServer } from '../servers/scriptedServer.ts';

export interface AnObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly value: string;
}

export interface WatchedWorld {
  readonly reflector: Reflector;
  /** `added a=1`, `deleted a`, `synced`, `revision 7`, in the order of arrival. */
  readonly told: string[];
  readonly logged: string[];
  readonly fatal: unknown[];
  readonly lists: ScriptedRequest[];
  /** LISTs of one object: which version the server has. */
  readonly checks: ScriptedRequest[];
  readonly watches: ScriptedRequest[];
  readonly metrics: Metrics;
  /** Names and values that its store holds now: `a=1 b=2`. */
  state(): string;
}

const quick: ReflectorTuning = {
  ...reflectorTuning,
  tickMs: 5,
  // Long against a busy test machine; the stories about silence and gaps make them short.
  silentMs: 60_000,
  blindMs: 60_000,
  proofMs: 20,
  retry: { minMs: 2, maxMs: 10 },
  relist: { minMs: 5, maxMs: 20 },
};

const closers: (() => Promise<void>)[] = [];

export async function closeWorlds(): Promise<void> {
  for (const close of closers.splice(0)) await close();
}

export async function watchWorld(story: {
  readonly lists: readonly Answer[];
  readonly checks?: readonly Answer[];
  readonly watches?: readonly Answer[];
  readonly tuning?: Partial<ReflectorTuning>;
  /** Both clocks: time that this process was not there for. */
  readonly now?: () => number;
  /** The wall clock alone, which an operator may set. */
  readonly wallClock?: () => number;
  readonly onChange?: (reflector: Reflector) => void;
}): Promise<WatchedWorld> {
  const lists: ScriptedRequest[] = [];
  const checks: ScriptedRequest[] = [];
  const watches: ScriptedRequest[] = [];
  const told: string[] = [];
  const logged: string[] = [];
  const fatal: unknown[] = [];
  const server = await startScriptedServer((request) => {
    if (request.query.has('watch')) return (story.watches ?? [])[watches.push(request) - 1] ?? aQuietWatch;
    if (request.query.get('limit') === '1') return (story.checks ?? [])[checks.push(request) - 1] ?? aList('99', []);
    return story.lists[lists.push(request) - 1] ?? story.lists.at(-1);
  });
  const metrics = createMetrics();
  const api = createKubeApi(server.access, { metrics });
  const indexes = createIndexes(() => createObjectIndex<AnObject>());
  const store = createObjectStore<ObjectIndex<AnObject>, AnObject>({
    indexes,
    pick: (index) => index,
    namespace: undefined,
    onChange: (change) => {
      story.onChange?.(reflector);
      told.push(`${change.kind} ${change.object.name}${change.kind === 'deleted' ? '' : `=${change.object.value}`}`);
    },
  });
  const reflector: Reflector = startReflector<AnObject>({
    name: 'things',
    api,
    resource: pods,
    namespace: undefined,
    project: parseObject,
    store,
    onSynced: () => told.push('synced'),
    onRevision: (resourceVersion) => told.push(`revision ${resourceVersion}`),
    clock: {
      ...systemClock,
      now: story.wallClock ?? story.now ?? systemClock.now,
      monotonic: story.now ?? systemClock.monotonic,
    },
    random: () => 0,
    log: aLogger(logged),
    metrics,
    tuning: { ...quick, ...story.tuning },
    onFatal: (error) => fatal.push(error),
  });
  closers.push(
    () => reflector.close(),
    () => api.close(),
    () => server.close(),
  );
  const state = () =>
    [...indexes.entries()]
      .flatMap(([, index]) => [...index.byName.values()])
      .map(({ name, value }) => `${name}=${value}`)
      .join(' ');
  return { reflector, told, logged, fatal, lists, checks, watches, metrics, state };
}

function aLogger(logged: string[]): Logger {
  const write = (level: string) => (fields: object, message?: string) =>
    logged.push(`${level} ${message} ${JSON.stringify(fields)}`);
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') } as Logger;
}

function parseObject(input: unknown): AnObject {
  const { metadata, value } = input as { metadata: { namespace: string; name: string; uid: string }; value: string };
  if (typeof value !== 'string') throw inputError('value', 'expected a string');
  const { namespace, name, uid } = metadata;
  return { namespace, name, uid, value };
}

/** `uid` defaults to the name. A value that is no string is one that `parseObject` cannot read. */
export function anObject(name: string, value: unknown, parts: { uid?: string; version?: string } = {}): object {
  return { metadata: { namespace: 'ns', name, uid: parts.uid ?? name, resourceVersion: parts.version ?? '1' }, value };
}

export function aList(version: string, objects: readonly object[], next?: string): Answer {
  return json({ metadata: { resourceVersion: version, ...(next ? { continue: next } : {}) }, items: objects });
}

export function aLine(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

export function aBookmark(version: string): string {
  return aLine('BOOKMARK', { kind: 'Pod', metadata: { resourceVersion: version } });
}

/** Sends `text`, then ends cleanly, cuts the connection, or leaves it open. */
export function aWatch(text: string | Buffer, end: 'close' | 'reset' | 'hold'): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (end === 'close') response.end(text);
    else if (text.length > 0) response.write(text, () => end === 'reset' && response.destroy());
    else if (end === 'reset') response.destroy();
  };
}

export const aQuietWatch: Answer = aWatch('', 'hold');

/**
 * Waits for `condition`, 30 s at most: on a busy machine a story takes its time, and is not wrong
 * for that.
 */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('what the story waits for has not happened');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
