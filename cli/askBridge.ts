/**
 * Asks a bridge for what it alone knows (`--bridge`), through its status API.
 *
 * Guarantees: what it answers is checked before it is used. It follows no redirect.
 */

import { request } from 'undici';
import type { z } from 'zod';
import { leaderStatusSchema } from '../api/leaderStatus.ts';
import { ZenLeadError } from '../lib/errors.ts';
import { observationsSchema } from '../lib/events/observationsSchema.ts';
import type { ServiceRef } from '../lib/events/subject.ts';
import type { Observations } from '../lib/selection/observation.ts';

/** The bridge answers from memory. */
const ANSWER_WITHIN_MS = 10_000;
const leaderList = leaderStatusSchema.array();

/** Undefined where the bridge saw nothing of this Service. */
export async function askObservations(
  bridge: string,
  { namespace, name }: ServiceRef,
): Promise<Observations | undefined> {
  const { url, status, body } = await ask(bridge, `v1/observations/${namespace}/${name}`);
  return status === 404 ? undefined : read(url, body, observationsSchema);
}

export async function askLeaders(bridge: string): Promise<z.infer<typeof leaderList>> {
  const { url, body } = await ask(bridge, 'v1/leaders');
  const leaders = typeof body === 'object' && body !== null && 'leaders' in body ? body.leaders : body;
  return read(url, leaders, leaderList);
}

async function ask(bridge: string, path: string): Promise<{ url: string; status: number; body: unknown }> {
  const url = new URL(path, bridge.endsWith('/') ? bridge : `${bridge}/`).href;
  try {
    const within = { headersTimeout: ANSWER_WITHIN_MS, bodyTimeout: ANSWER_WITHIN_MS };
    const { statusCode: status, body } = await request(url, within);
    const text = await body.text();
    const isKnown = status === 200 || (status === 404 && text.includes('"NOT_FOUND"'));
    if (!isKnown) throw new Error(`it answered ${status}: ${JSON.stringify(text.slice(0, 200))}`);
    return { url, status, body: JSON.parse(text) };
  } catch (error) {
    throw noBridge(url, error);
  }
}

function read<T>(url: string, body: unknown, schema: z.ZodType<T>): T {
  const { data, error } = schema.safeParse(body);
  if (error !== undefined)
    throw noBridge(url, new Error(`its answer is not that of a bridge: ${error.issues[0]?.message}`));
  return data as T;
}

function noBridge(url: string, cause: unknown): ZenLeadError {
  const why =
    cause instanceof Error ? cause.message || String('code' in cause ? cause.code : cause.name) : String(cause);
  return new ZenLeadError('CONFIG_INVALID', `--bridge: ${url}: ${why}`, { retry: 'never', cause });
}
