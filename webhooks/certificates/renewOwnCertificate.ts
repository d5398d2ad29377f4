/**
 * renewOwnCertificate: looks after the certificate that a webhook serves, for as long as it runs.
 *
 * Guarantees: a renewed one is served from the look after its authority was published. API servers
 * learn of an authority by their own watch, each in its time, and refuse until then what it has
 * signed. Where the one that is served is not good any more, the renewed one is served at once.
 * What cannot be renewed stays, and the next look tries again.
 */

import type { Logger } from '../../lib/telemetry/logger.ts';
import {
  keepCertificate,
  mayStillServe,
  type OwnCertificate,
  type OwnCertificateOptions,
  publishAuthorities,
} from './ownCertificates.ts';

interface RenewalOptions {
  readonly own: OwnCertificateOptions;
  /** What is served. */
  readonly first: OwnCertificate;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
  readonly log: Logger;
  readonly signal: AbortSignal;
  serve(next: OwnCertificate): void;
}

/** Returns what ends it. */
export function renewOwnCertificate({ own, first, everyMs, log, signal, serve }: RenewalOptions): () => void {
  let served = first;
  let published = first;

  async function look(): Promise<void> {
    try {
      const next = await keepCertificate(own, signal);
      await publishAuthorities(own, next.authorities, signal);
      const isNew = next.cert !== published.cert;
      published = next;
      if (next.cert === served.cert || (isNew && mayStillServe(served, next, own.now()))) return;
      serve(next);
      served = next;
      log.info({ expiresAt: new Date(next.expiresAt).toISOString() }, 'certificate replaced');
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'the certificate cannot be kept; the previous one stays');
    }
  }

  void look();
  const timer = setInterval(() => void look(), everyMs);
  return () => clearInterval(timer);
}
