/**
 * Builds a reconcile event as the bridge sends it, as an object and as the two HTTP messages.
 */

import type { ReconcileEvent } from '../../../lib/events/reconcileEvent.ts';
import type { Candidate, ResourceVersion, ServiceView, Snapshot, Uid } from '../../../lib/selection/snapshot.ts';
import { aService, aCandidate as buildCandidate, version } from './builders.ts';

export const uid = (text: string): Uid => text as Uid;
export const revision: (text: string) => ResourceVersion = version;

/** The opted-in Service `db` that the events of this file are about. */
export function aSource(changes: Partial<ServiceView> = {}): ServiceView {
  return aService({}, { name: 'db', uid: uid('source-uid'), selector: { app: 'db' }, ...changes });
}

/** Its one pod, `db-0`. */
export function aCandidate(changes: Partial<Candidate> = {}): Candidate {
  return buildCandidate({ name: 'db-0', uid: uid('pod-0'), ...changes });
}

export function aSnapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    namespace: 'shop',
    name: 'db',
    source: aSource(),
    candidates: [aCandidate()],
    services: [],
    slices: [],
    revisions: { pods: revision('100'), services: revision('90'), slices: revision('95') },
    ...changes,
  };
}

export function aReconcileEvent(changes: Partial<ReconcileEvent> = {}): ReconcileEvent {
  return {
    specversion: '1.0',
    id: 'e1',
    type: 'io.zen-lead.pod.modified',
    source: '/clusters/test',
    subject: 'namespaces/shop/services/db',
    time: '2026-11-20T10:00:00.000Z',
    datacontenttype: 'application/json',
    dataschema: 'https://raw.githubusercontent.com/kube-zen/zen-lead/main/schemas/reconcile.v1.json',
    partitionkey: 'shop/db',
    sequence: '00000000000000000100',
    expirytime: '2026-11-20T10:00:03.000Z',
    data: {
      change: { kind: 'Pod', name: 'db-0', verb: 'modified' },
      deadline: 1_795_000_000_000,
      snapshot: aSnapshot(),
    },
    ...changes,
  };
}

export interface Message {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

export function structured(event: object): Message {
  return { headers: { 'content-type': 'application/cloudevents+json' }, body: Buffer.from(JSON.stringify(event)) };
}

export function binary(event: Readonly<Record<string, unknown>>): Message {
  const { data, datacontenttype = 'application/json', ...attributes } = event;
  const headers = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, String(value)] as const);
  return {
    headers: { ...Object.fromEntries(headers), 'content-type': String(datacontenttype) },
    body: Buffer.from(data === undefined ? '' : JSON.stringify(data)),
  };
}

/** Percent-encodes as a sender must (CloudEvents HTTP protocol binding 1.0.2, section 3.1.3.2). */
export function encodeHeaderValue(value: string): string {
  return value.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (char) =>
    [...Buffer.from(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
