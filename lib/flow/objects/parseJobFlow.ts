/**
 * Parses a JobFlow, as a watch or a read gives it.
 *
 * Guarantees: a spec that zen-flow cannot read is no error. `problems` lists what is wrong, and
 * nothing of the flow runs. Of the annotations only our own are kept, and of bounded length.
 */

import { type Fields, takeFields, takeOptionalFields, takeOptionalTime, takeString } from '../../kube/fields.ts';
import { readSpec } from '../spec/readSpec.ts';
import { hashSpec } from '../state/hashSpec.ts';
import { GROUP } from '../state/names.ts';
import type { FlowView } from '../state/snapshot.ts';
import { parseStatus } from './parseStatus.ts';

/** `read`: what the spec says, where it has been read before. */
export function parseJobFlow(input: unknown, read?: ReadSpec): FlowView {
  const object = takeFields(input, 'jobflow');
  const metadata = takeFields(object['metadata'], 'metadata');
  const { spec, specHash, problems } = read ?? readAndHash(object['spec']);
  return {
    namespace: takeString(metadata, 'namespace', 'metadata'),
    name: takeString(metadata, 'name', 'metadata'),
    uid: takeString(metadata, 'uid', 'metadata'),
    resourceVersion: takeString(metadata, 'resourceVersion', 'metadata'),
    generation: typeof metadata['generation'] === 'number' ? metadata['generation'] : 0,
    terminating: isSet(metadata['deletionTimestamp']),
    createdAt: takeOptionalTime(metadata, 'creationTimestamp', 'metadata') ?? 0,
    annotations: takeOurAnnotations(metadata),
    spec,
    specHash,
    problems,
    status: parseStatus(object['status']),
  };
}

export type ReadSpec = Pick<FlowView, 'spec' | 'specHash' | 'problems'>;

function readAndHash(input: unknown): ReadSpec {
  const { spec, problems } = readSpec(input);
  return { spec, specHash: hashSpec(spec), problems };
}

/** As long as the name of a user may be. */
const MAX_VALUE = 256;

function takeOurAnnotations(metadata: Fields): Readonly<Record<string, string>> {
  const annotations = takeOptionalFields(metadata, 'annotations', 'metadata') ?? {};
  const ours: Record<string, string> = {};
  for (const [key, value] of Object.entries(annotations)) {
    const isOurs = key.includes(`${GROUP}/`);
    if (isOurs && typeof value === 'string') ours[key] = value.slice(0, MAX_VALUE);
  }
  return ours;
}

export function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}
