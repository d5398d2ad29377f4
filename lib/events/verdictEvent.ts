/**
 * Declares and parses `io.zen-lead.verdict.reported`, by which a caller from outside says that a
 * pod should not lead, or takes that back. docs/reference/events.md#verdicts
 *
 * Guarantees: INPUT_INVALID with the path for anything that cannot be read. Every text has a bound.
 */

import { z } from 'zod';
import { inputError } from '../errors.ts';
import { MAX_REPORT_REASON_LENGTH, verdictSeconds } from '../selection/outsideVerdict.ts';
import type { PodReport } from '../selection/planVerdict.ts';
import type { Envelope } from './envelope.ts';
import { firstIssue } from './firstIssue.ts';
import { parseSubject, type ServiceRef } from './subject.ts';

export const VERDICT_TYPE = 'io.zen-lead.verdict.reported';

export interface VerdictEvent {
  readonly kind: 'verdict';
  readonly id: string;
  readonly subject: ServiceRef;
  readonly report: PodReport;
}

const { least, most, fallback } = verdictSeconds;

export const verdictDataSchema = z
  .object({
    pod: z.string().min(1).max(253).meta({ description: 'The name of the pod.' }),
    uid: z.string().min(1).max(128).exactOptional().meta({ description: 'Refused where another pod has the name.' }),
    fit: z.boolean().meta({ description: 'False: the pod should not lead. True takes that back.' }),
    forSeconds: z.int().min(least).max(most).default(fallback).meta({ description: 'How long the verdict counts.' }),
    reason: z.string().max(MAX_REPORT_REASON_LENGTH).default('').meta({ description: 'Why, for people.' }),
  })
  .meta({ description: 'Data of io.zen-lead.verdict.reported.' });

export function parseVerdictEvent({ id, subject, data }: Envelope): VerdictEvent {
  const service = parseSubject(subject);
  if (data.kind === 'unreadable') throw inputError('data', data.problem);
  if (data.kind !== 'json') throw inputError('data', data.kind === 'none' ? 'is missing' : 'is not JSON');
  const parsed = verdictDataSchema.safeParse(data.value);
  if (parsed.success) return { kind: 'verdict', id, subject: service, report: parsed.data };
  const { path, problem } = firstIssue('data', parsed.error);
  throw inputError(path, problem, parsed.error);
}
