/**
 * Parses an envelope of `io.zen-lead.pod.*` or `io.zen-lead.service.*` into what a function has to
 * reconcile.
 *
 * Guarantees: throws INPUT_INVALID only for a subject that cannot be read. Data that cannot be
 * read, or a snapshot of another Service than the subject's, comes back as a hint with the reason.
 * So a newer bridge can send to an older function (docs/reference/events.md).
 */

import { compileSchema } from './compileSchema.ts';
import type { Envelope } from './envelope.ts';
import { firstIssue } from './firstIssue.ts';
import type { ReconcileData } from './reconcileEvent.ts';
import { reconcileDataZod } from './reconcileSchema.ts';
import { parseSubject, type ServiceRef, type SubjectRef } from './subject.ts';

export type ReadData =
  | { readonly kind: 'readable'; readonly value: ReconcileData }
  | { readonly kind: 'unreadable'; readonly problem: string };

export interface ParsedReconcileEvent {
  readonly kind: 'reconcile';
  readonly id: string;
  /**
   * Of the families `io.zen-lead.pod.` and `io.zen-lead.service.`; no decision depends on which
   * one.
   */
  readonly type: string;
  readonly source: string;
  /** With an election, where the reply is to be about that one. */
  readonly subject: SubjectRef;
  /** When the change was observed, epoch milliseconds. */
  readonly observedAt?: number;
  readonly traceparent?: string;
  readonly data: ReadData;
}

const parseData = compileSchema<ReconcileData>(reconcileDataZod);

/** Bounded, because log lines and spans hold it. */
export function isReconcileType(type: string): boolean {
  return /^io\.zen-lead\.(?:pod|service)\.[a-z]{1,64}$/.test(type);
}

export function parseReconcileEvent(envelope: Envelope): ParsedReconcileEvent {
  const subject = parseSubject(envelope.subject);
  const traceparent = envelope.extensions.get('traceparent');
  return {
    kind: 'reconcile',
    id: envelope.id,
    type: envelope.type,
    source: envelope.source,
    subject,
    ...(envelope.time === undefined ? {} : { observedAt: envelope.time }),
    ...(typeof traceparent === 'string' ? { traceparent } : {}),
    data: readData(envelope, subject),
  };
}

function readData({ data }: Envelope, subject: ServiceRef): ReadData {
  if (data.kind === 'unreadable') return unreadable(data.problem);
  if (data.kind !== 'json') return unreadable(data.kind === 'none' ? 'data: is missing' : 'data: is not JSON');
  const parsed = parseData(data.value);
  if (!parsed.success) {
    const { path, problem } = firstIssue('data', parsed.error);
    return unreadable(`${path}: ${problem}`);
  }
  const { snapshot } = parsed.data;
  if (snapshot && (snapshot.namespace !== subject.namespace || snapshot.name !== subject.name))
    return unreadable('data.snapshot: is of another Service than the subject');
  return { kind: 'readable', value: parsed.data };
}

function unreadable(problem: string): ReadData {
  return { kind: 'unreadable', problem };
}
