/**
 * startWebhook: serves the webhooks, with a certificate of our own or one from files.
 *
 * Guarantees: it listens only once it has a certificate, and takes a renewed one without a restart.
 * `close` finishes what is in flight.
 */

import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Server as TlsServer } from 'node:tls';
import { reloadCertificate } from '../api/reloadCertificate.ts';
import type { KubeApi } from '../lib/kube/kubeApi.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { keepCertificate, type OwnCertificateOptions, publishAuthorities } from './certificates/ownCertificates.ts';
import { createWebhookApp } from './createWebhookApp.ts';
import { createDryRun } from './dryRunTemplates.ts';
import { createWebhookMetrics } from './webhookMetrics.ts';

export interface WebhookOptions {
  readonly api: KubeApi;
  readonly host: string;
  readonly port: number;
  /** Paths of files in PEM; undefined for a certificate of our own. */
  readonly files: { readonly cert: string; readonly key: string } | undefined;
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
  const tls =
    files === undefined
      ? await keepCertificate(own, stop.signal)
      : { cert: await readFile(files.cert, 'utf8'), key: await readFile(files.key, 'utf8') };
  const expiresAt = (cert: string) => Date.parse(new X509Certificate(cert).validTo) / 1_000;
  webhookMetrics.certificateExpiry.set(expiresAt(tls.cert));
  const app = createWebhookApp({
    tls: { cert: tls.cert, key: tls.key },
    dryRun: options.triesJobs ? createDryRun(api) : null,
    metrics,
    webhookMetrics,
    log,
    isReady: () => ({ ready: true, reasons: [] }),
  });
  const url = await app.listen({ host: options.host, port: options.port });
  const endReload = files === undefined ? renewOwn(tls.cert) : reloadCertificate(app.server, files, log);
  return {
    url,
    async close() {
      stop.abort();
      endReload();
      await app.close();
    },
  };

  function renewOwn(first: string): () => void {
    let served = first;
    const look = async (): Promise<void> => {
      try {
        const current = await keepCertificate(own, stop.signal);
        await publishAuthorities(own, current.authorities, stop.signal);
        if (current.cert === served || !(app.server instanceof TlsServer)) return;
        app.server.setSecureContext({ cert: current.cert, key: current.key });
        served = current.cert;
        webhookMetrics.certificateExpiry.set(current.expiresAt / 1_000);
        log.info({ expiresAt: new Date(current.expiresAt).toISOString() }, 'certificate replaced');
      } catch (error) {
        if (!stop.signal.aborted) log.warn({ err: error }, 'the certificate cannot be kept; the previous one stays');
      }
    };
    void look();
    const timer = setInterval(() => void look(), renewEveryMs);
    return () => clearInterval(timer);
  }
}
