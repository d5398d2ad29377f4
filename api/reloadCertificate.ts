/**
 * reloadCertificate: takes a certificate that was renewed, while the server runs.
 *
 * Guarantees: connections that are open stay. Files that do not belong together, or cannot be read,
 * leave the previous certificate in place, and are logged once for each content.
 * Source:
 * https://kubernetes.io/docs/concepts/configuration/secret/#mounted-secrets-are-updated-automatically
 */

import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createSecureContext, Server as TlsServer } from 'node:tls';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { TlsFiles } from './createApiApp.ts';

/** The kubelet replaces the files of a mounted Secret within a minute or so. */
const RELOAD_EVERY_MS = 10_000;

interface ReloadOptions {
  readonly everyMs?: number;
  /** Of a certificate that is served from now on, in PEM. */
  readonly onReplaced?: (cert: string) => void;
}

/** Returns a function that ends it. */
export function reloadCertificate(
  server: Server | TlsServer,
  files: TlsFiles,
  log: Logger,
  { everyMs = RELOAD_EVERY_MS, onReplaced }: ReloadOptions = {},
): () => void {
  let known: string | null = null;
  /** A slow disk must not let an older look overtake a newer one. */
  let isLooking = false;
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  void look();
  return () => clearInterval(timer);

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    let seen = '';
    try {
      const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')]);
      seen = cert + key;
      const isFirst = known === null;
      if (seen === known || !(server instanceof TlsServer)) return;
      known = seen;
      if (isFirst) return;
      // While the files are replaced, certificate and key may not belong together.
      createSecureContext({ cert, key });
      server.setSecureContext({ cert, key });
      onReplaced?.(cert);
      log.info({ cert: files.cert }, 'certificate replaced');
    } catch (error) {
      if (seen === '' && known === '') return;
      known = seen;
      log.warn({ err: error, cert: files.cert }, 'the certificate cannot be read again; the previous one stays');
    } finally {
      isLooking = false;
    }
  }
}
