/**
 * startWebhook: serves the webhooks, with a certificate of our own or one from files.
 *
 * Guarantees: it listens only once it has a certificate, and takes a renewed one without a restart.
 * A renewed one of our own serves a minute after its authority was published, so that every API
 * server has learnt of it. `close` finishes what is in flight.
 */

import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Server as TlsServer } from 'node:tls';
import { reloadCertificate } from '../api/reloadCertificate.ts';
import type { KubeApi } from '../lib/kube/kubeApi.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { createWebhookMetrics } from '../lib/telemetry/webhookMetrics.ts';
import type { Certificate } from './certificates/makeCertificate.ts';
import { type OwnCertificateOptions, takeCertificate } from './certificates/ownCertificates.ts';
import { renewOwnCertificate } from './certificates/renewOwnCertificate.ts';
import { createWebhookApp, REVIEW_TIMEOUT_MS } from './createWebhookApp.ts';
import { createDryRun } from './dryRunTemplates.ts';

/** Paths of files in PEM. */
interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

export interface WebhookOptions {
  readonly api: KubeApi;
  readonly host: string;
  readonly port: number;
  /** Undefined for a certificate of our own. */
  readonly files: CertificateFiles | undefined;
  readonly own: Omit<OwnCertificateOptions, 'api' | 'now'>;
  readonly triesJobs: boolean;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now?: () => number;
  /** Milliseconds between two looks at our own certificate. */
  readonly renewEveryMs?: number;
}

export interface Webhook {
  readonly url: string;
  close(): Promise<void>;
}

/** A Secret that another replica has renewed is taken by then. */
const RENEW_EVERY_MS = 60_000;

export async function startWebhook(options: WebhookOptions): Promise<Webhook> {
  const { api, files, log, metrics, now = Date.now, renewEveryMs = RENEW_EVERY_MS } = options;
  const own = { ...options.own, api, now };
  const stop = new AbortController();
  const webhookMetrics = createWebhookMetrics(metrics.registry);
  const { first, keep } = files === undefined ? await startOwn() : await startFiles(files);
  noteExpiry(first.cert);
  const app = createWebhookApp({
    tls: { cert: first.cert, key: first.key },
    dryRun: options.triesJobs ? createDryRun(api) : null,
    metrics,
    webhookMetrics,
    log,
    isReady: () => ({ ready: true, reasons: [] }),
  });
  const url = await app.listen({ host: options.host, port: options.port });
  const endKeeping = keep();
  return {
    url,
    async close() {
      stop.abort();
      endKeeping();
      // API servers open connections in advance. One on which nothing was asked yet is not idle for
      // Node, and was waited for 85 s.
      const cut = setTimeout(() => app.server.closeAllConnections(), REVIEW_TIMEOUT_MS);
      await app.close();
      clearTimeout(cut);
    },
  };

  function noteExpiry(cert: string): void {
    webhookMetrics.certificateExpiry.set(Date.parse(new X509Certificate(cert).validTo) / 1_000);
  }

  async function startOwn(): Promise<Served> {
    const certificate = await takeCertificate(own, stop.signal);
    const serve = ({ cert, key }: Certificate): void => {
      if (app.server instanceof TlsServer) app.server.setSecureContext({ cert, key });
      noteExpiry(cert);
    };
    const renewal = { own, first: certificate, everyMs: renewEveryMs, log, signal: stop.signal, serve };
    return { first: certificate, keep: () => renewOwnCertificate(renewal) };
  }

  async function startFiles({ cert, key }: CertificateFiles): Promise<Served> {
    const read = { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
    return { first: read, keep: () => reloadCertificate(app.server, { cert, key }, log, { onReplaced: noteExpiry }) };
  }
}

interface Served {
  readonly first: Certificate;
  /** Looks after it from now on. Returns what ends that. */
  keep(): () => void;
}
