/**
 * Reads the JobFlows and JobFlowSchedules of a file, with the place of each field in it.
 *
 * Guarantees: a text that is no YAML is a problem with its line, not an error. Other kinds of
 * objects in the file are skipped, as a manifest often holds more than one. Of a list, as kubectl
 * prints it, each item is read.
 */

import { readFile } from 'node:fs/promises';
import { text as readStream } from 'node:stream/consumers';
import { type Document, isNode, LineCounter, parseAllDocuments } from 'yaml';
import { inputError } from '../../lib/errors.ts';
import { parseStatus } from '../../lib/flow/objects/parseStatus.ts';
import { checkScheduleObject } from '../../lib/flow/schedule/checkScheduleObject.ts';
import { checkFlowObject, type FlowObjectRead } from '../../lib/flow/spec/checkFlowObject.ts';
import { isObject } from '../../lib/flow/spec/fieldReader.ts';
import type { FlowSpec, JsonObject, Problem } from '../../lib/flow/spec/flowSpec.ts';
import type { FlowStatusView } from '../../lib/flow/state/snapshot.ts';

export interface PlacedProblem extends Problem {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export interface FlowInFile {
  readonly namespace: string;
  readonly name: string;
  readonly spec: FlowSpec;
  /** Of a flow that was read from a cluster. */
  readonly status: FlowStatusView | null;
  readonly problems: readonly PlacedProblem[];
}

export interface FlowFile {
  readonly flows: readonly FlowInFile[];
  /** Of the text as YAML. */
  readonly problems: readonly PlacedProblem[];
}

export async function readFlowFile(path: string): Promise<FlowFile> {
  return parseFlowFile(path === '-' ? await readStream(process.stdin) : await readFile(path, 'utf8'));
}

/** For commands that need one flow, without an error. */
export async function readOneFlow(path: string): Promise<FlowInFile> {
  const { flows, problems } = await readFlowFile(path);
  const [flow, second] = flows;
  const fault = [...problems, ...flows.flatMap((each) => each.problems)].find(({ severity }) => severity === 'error');
  if (fault !== undefined) throw inputError(`${path}:${fault.line}:${fault.column} ${fault.path}`, fault.message);
  if (flow === undefined) throw inputError(path, 'has no JobFlow');
  if (second !== undefined) throw inputError(path, `has ${flows.length} JobFlows; one is expected`);
  return flow;
}

export function parseFlowFile(text: string): FlowFile {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, merge: true });
  const list: readonly Document[] = 'empty' in documents ? [] : documents;
  const problems = list.flatMap(({ errors }) =>
    errors.map(({ message, pos }) => {
      const [summary = message] = message.split(/ at line \d+/);
      return { severity: 'error' as const, path: 'YAML', message: summary, ...placeAt(lines, pos[0]) };
    }),
  );
  const flows = list
    .filter(({ errors }) => errors.length === 0)
    .flatMap((document) => toFlows(document.toJS(), '', (path) => placeOf(document, lines, path)));
  return { flows, problems };
}

/** Of a schedule the flow is read that it makes. */
const checks = new Map<string, (object: JsonObject) => FlowObjectRead>([
  ['JobFlow', checkFlowObject],
  ['JobFlowSchedule', checkScheduleObject],
]);

type PlaceOf = (path: string) => { readonly line: number; readonly column: number };

/**
 * `at`: where the object stands in its document, as `items[3].`; empty for the document itself.
 * `seen`: what has been read of it. By an alias of YAML, a list may be an item of itself.
 */
function toFlows(object: unknown, at: string, place: PlaceOf, seen = new Set<JsonObject>()): readonly FlowInFile[] {
  if (!isObject(object) || seen.has(object)) return [];
  seen.add(object);
  const { kind, items } = object;
  if (String(kind).endsWith('List') && Array.isArray(items))
    return items.flatMap((item, index) => toFlows(item, `${at}items[${index}].`, place, seen));
  const check = checks.get(String(kind));
  return check === undefined ? [] : [toFlow(object, check, at, place)];
}

function toFlow(
  object: JsonObject,
  check: (object: JsonObject) => FlowObjectRead,
  at: string,
  place: PlaceOf,
): FlowInFile {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  const { spec, problems } = check(object);
  return {
    namespace: typeof metadata['namespace'] === 'string' ? metadata['namespace'] : 'default',
    name: typeof metadata['name'] === 'string' ? metadata['name'] : '',
    spec,
    status: parseStatus(object['status']),
    problems: problems.map((problem) => {
      const path = `${at}${problem.path}`;
      return { ...problem, path, ...place(path) };
    }),
  };
}

/** Of the field itself, or of what would hold it. */
function placeOf(
  document: Document,
  lines: LineCounter,
  path: string,
): { readonly line: number; readonly column: number } {
  const keys = [...path.matchAll(/[^.[\]]+/g)].map(([key]) => (/^\d+$/.test(key) ? Number(key) : key));
  for (let length = keys.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(keys.slice(0, length), true);
    if (isNode(node) && node.range) return placeAt(lines, node.range[0]);
  }
  return placeAt(lines, document.range?.[0] ?? 0);
}

function placeAt(lines: LineCounter, offset: number): { readonly line: number; readonly column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}
