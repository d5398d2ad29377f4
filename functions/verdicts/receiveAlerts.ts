/**
 * receiveAlerts: answers `POST /v1/alerts`, the webhook of Alertmanager.
 * docs/reference/events.md#verdicts
 *
 * Guarantees: each alert is reported by itself, in order. Where one may be tried again, the answer
 * says so (429, 503), because Alertmanager sends all of them again and a report that comes twice
 * changes nothing. Else 200 says which were recorded, and where none was, the answer is the first
 * refusal.
 */

import { randomUUID } from 'node:crypto';
import { inputError, ZenLeadError } from '../../lib/errors.ts';
import type { ParsedAlert } from './parseAlerts.ts';
import type { VerdictIntake } from './verdictIntake.ts';

export interface AlertsAnswer {
  readonly reported: number;
  readonly refused: readonly { readonly alert: number; readonly code: string; readonly message: string }[];
}

/** Rejects with the error that is to be the answer. */
export async function receiveAlerts(
  alerts: readonly ParsedAlert[],
  authorization: string | undefined,
  intake: VerdictIntake,
  signal: AbortSignal,
): Promise<AlertsAnswer> {
  const refusals: { readonly alert: number; readonly error: ZenLeadError }[] = [];
  for (const [alert, parsed] of alerts.entries()) {
    try {
      if (parsed.kind === 'incomplete') throw inputError(parsed.path, parsed.problem);
      const { service, report } = parsed;
      await intake.report(authorization, { id: randomUUID(), service, report }, signal);
    } catch (error) {
      // Who sends is the same for all of them, and what may pass later is tried again as a whole.
      if (!(error instanceof ZenLeadError) || error.retry !== 'never' || senderCodes.has(error.code)) throw error;
      refusals.push({ alert, error });
    }
  }
  const [first] = refusals;
  if (first !== undefined && refusals.length === alerts.length) throw first.error;
  return {
    reported: alerts.length - refusals.length,
    refused: refusals.map(({ alert, error: { code, message } }) => ({ alert, code, message })),
  };
}

const senderCodes: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'WRONG_SENDER', 'ABORTED']);
