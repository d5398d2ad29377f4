/**
 * Projects a Pod of the API to what the rules read (`PodView`), for every pod of every LIST and
 * watch line.
 *
 * Guarantees: nothing of the input stays referenced but strings. Strings and port lists that many
 * pods share are kept once.
 * Does not guarantee that the object is valid Kubernetes. Only the fields read are checked.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
 */

import { boundValue } from '../selection/boundValue.ts';
import { annotation, label } from '../selection/names.ts';
import type { NamedPort, PodView, Protocol, Uid } from '../selection/snapshot.ts';
import {
  type Fields,
  takeFields,
  takeList,
  takeNumber,
  takeOptionalChoice,
  takeOptionalFields,
  takeOptionalString,
  takeOptionalTime,
  takeString,
} from './fields.ts';
import { takeText } from './parseMetadata.ts';
import { shareLabels, sharePorts, shareText } from './shareRepeated.ts';

const phases = ['Running', 'Pending', 'Succeeded', 'Failed', 'Unknown'] as const;
const protocols = ['TCP', 'UDP', 'SCTP'] as const;
const noFields: Fields = {};
const noIps: readonly string[] = [];

/**
 * A PodView that is still being written: optional fields are added only when they are there
 * (`exactOptionalPropertyTypes`).
 */
type Draft = { -readonly [Key in keyof PodView]: PodView[Key] };

export function parsePod(input: unknown): PodView {
  const pod = takeFields(input, 'pod');
  const metadata = takeFields(pod['metadata'], 'metadata');
  const spec = takeOptionalFields(pod, 'spec', 'pod') ?? noFields;
  const status = takeOptionalFields(pod, 'status', 'pod') ?? noFields;
  const annotations = takeOptionalFields(metadata, 'annotations', 'metadata') ?? noFields;
  const labels = takeOptionalFields(metadata, 'labels', 'metadata') ?? noFields;
  const readiness = findCondition(status, 'Ready');

  const view: Draft = {
    namespace: shareText(takeString(metadata, 'namespace', 'metadata')),
    name: takeString(metadata, 'name', 'metadata'),
    uid: takeString(metadata, 'uid', 'metadata') as Uid,
    labels: shareLabels(labels, takeLabel),
    createdAt: takeOptionalTime(metadata, 'creationTimestamp', 'metadata') ?? 0,
    phase: takeOptionalChoice(status, 'phase', 'status', phases) ?? 'Pending',
    ready: readiness !== undefined && readiness['status'] === 'True',
    terminating: metadata['deletionTimestamp'] !== undefined && metadata['deletionTimestamp'] !== null,
    ips: parseIps(status),
    ports: parseNamedPorts(spec),
  };
  const readyChangedAt = readiness && takeOptionalTime(readiness, 'lastTransitionTime', 'status.conditions[]');
  if (readyChangedAt !== undefined) view.readyChangedAt = readyChangedAt;
  const containers = parseContainersReady(status, view);
  if (containers !== undefined) view.containers = containers;
  const nodeName = takeOptionalString(spec, 'nodeName', 'spec');
  if (nodeName) view.nodeName = shareText(nodeName);
  const zone = view.labels[label.zone];
  if (zone) view.zone = zone;
  const priority = takeOptionalString(annotations, annotation.priority, 'metadata.annotations');
  if (priority !== undefined) view.priority = boundValue(priority);
  const weight = takeOptionalString(annotations, annotation.weight, 'metadata.annotations');
  if (weight !== undefined) view.weight = boundValue(weight);
  const exclude = takeOptionalString(annotations, annotation.exclude, 'metadata.annotations');
  if (exclude !== undefined) view.exclude = boundValue(exclude);
  if (spec['hostNetwork'] === true) view.hostNetwork = true;
  const hostIp = takeOptionalString(status, 'hostIP', 'status');
  if (hostIp) view.hostIp = shareText(hostIp);
  return view;
}

function takeLabel(labels: Fields, key: string): string {
  return takeText(labels, key, 'metadata.labels');
}

function findCondition(status: Fields, type: 'Ready' | 'ContainersReady'): Fields | undefined {
  for (const entry of takeList(status, 'conditions', 'status')) {
    const condition = takeFields(entry, 'status.conditions[]');
    if (condition['type'] === type) return condition;
  }
  return undefined;
}

/**
 * Undefined where ContainersReady says the same as Ready, as it does of every pod without readiness
 * gates, or where it is not written.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-readiness-gate
 */
function parseContainersReady(status: Fields, pod: Draft): PodView['containers'] {
  const condition = findCondition(status, 'ContainersReady');
  if (condition === undefined) return undefined;
  const ready = condition['status'] === 'True';
  const changedAt = takeOptionalTime(condition, 'lastTransitionTime', 'status.conditions[]');
  if (ready === pod.ready && changedAt === pod.readyChangedAt) return undefined;
  return changedAt === undefined ? { ready } : { ready, changedAt };
}

/**
 * A client older than dual stack, or a test's PATCH of `/status`, leaves `podIP` alone. The code
 * uses `map`, because a list grown by `push` holds room for 17 entries, measured as a quarter of a
 * pod's memory.
 */
function parseIps(status: Fields): readonly string[] {
  const podIps = takeList(status, 'podIPs', 'status');
  if (podIps.length > 0) return podIps.map(parseIp);
  const ip = takeOptionalString(status, 'podIP', 'status');
  return ip ? [ip] : noIps;
}

function parseIp(entry: unknown): string {
  return takeString(takeFields(entry, 'status.podIPs[]'), 'ip', 'status.podIPs[]');
}

/**
 * A restartable init container ("sidecar") serves ports for as long as the pod lives. Any other
 * init container has ended by then.
 * Source: KEP-753, https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
 */
function parseNamedPorts(spec: Fields): readonly NamedPort[] {
  const ports: NamedPort[] = [];
  for (const entry of takeList(spec, 'containers', 'spec')) addNamedPorts(ports, entry, 'spec.containers[]');
  for (const entry of takeList(spec, 'initContainers', 'spec')) {
    if (takeFields(entry, 'spec.initContainers[]')['restartPolicy'] === 'Always') {
      addNamedPorts(ports, entry, 'spec.initContainers[]');
    }
  }
  return sharePorts(ports);
}

function addNamedPorts(ports: NamedPort[], container: unknown, path: string): void {
  for (const entry of takeList(takeFields(container, path), 'ports', path)) {
    const fields = takeFields(entry, path);
    const name = takeOptionalString(fields, 'name', path);
    if (!name) continue;
    const protocol: Protocol = takeOptionalChoice(fields, 'protocol', path, protocols) ?? 'TCP';
    if (ports.some((port) => port.name === name && port.protocol === protocol)) continue;
    ports.push({ name: shareText(name), port: takeNumber(fields, 'containerPort', path), protocol });
  }
}
