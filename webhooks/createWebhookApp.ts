/**
 * The HTTP application of the webhooks: `POST /validate-jobflow` and `POST /mutate-jobflow` take an
 * AdmissionReview, `GET /healthz` is for probes.
 *
 * Guarantees: a body of more than 3 MiB is 413. What is no review is 400, and a fault of ours is
 * 500: the API server then applies the failurePolicy.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */

import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { codeOf } from '../lib/errors.ts';
import type { Logger } from '../lib/telemetry/logger.ts';
import type { Metrics } from '../lib/telemetry/metrics.ts';
import { type Readiness, registerProbes } from '../lib/telemetry/probes.ts';
import type { WebhookMetrics } from '../lib/telemetry/webhookMetrics.ts';
import { parseReview, type Review, toReview, type Verdict } from './admissionReview.ts';
import type { DryRun } from './dryRunTemplates.ts';
import { mutateReview } from './mutateReview.ts';
import { validateReview } from './validateReview.ts';

export interface WebhookAppDeps {
  /** In PEM; undefined for plain HTTP, behind something that ends TLS. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Null: Jobs are not tried. */
  readonly dryRun: DryRun | null;
  readonly metrics: Metrics;
  readonly webhookMetrics: WebhookMetrics;
  readonly log: Logger;
  isReady(): Readiness;
}

/** etcd takes 1.5 MiB, and an update has the old object beside the new one. */
const BODY_LIMIT_BYTES = 3 * 1_024 * 1_024;
/** The configurations give 5 s. */
export const REVIEW_TIMEOUT_MS = 5_000;

export function createWebhookApp(deps: WebhookAppDeps): FastifyInstance {
  const { tls, dryRun, webhookMetrics, log } = deps;
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REVIEW_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    ...(tls !== undefined && { https: { ...tls, minVersion: 'TLSv1.2' } }),
  }) as unknown as FastifyInstance;
  registerProbes(app, deps);
  app.get('/healthz', (_request, reply) => reply.type('text/plain').send('ok\n'));

  const serve =
    (webhook: string, decide: (review: Review, signal: AbortSignal) => Promise<Verdict> | Verdict) =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      const review = parseReview(request.body);
      const verdict = await decide(review, AbortSignal.timeout(REVIEW_TIMEOUT_MS));
      webhookMetrics.requests.inc({ webhook, result: verdict.refusal === null ? 'allowed' : 'refused' });
      return reply.send(toReview(review, verdict));
    };
  app.post(
    '/validate-jobflow',
    serve('validate', (review, signal) => validateReview(review, dryRun, signal)),
  );
  app.post('/mutate-jobflow', serve('mutate', mutateReview));

  app.setErrorHandler((error, request, reply) => {
    const given = typeof error === 'object' && error !== null && 'statusCode' in error ? Number(error.statusCode) : 500;
    const status = codeOf(error) === 'INPUT_INVALID' ? 400 : given;
    const message = error instanceof Error ? error.message : String(error);
    webhookMetrics.requests.inc({
      webhook: request.url === '/mutate-jobflow' ? 'mutate' : 'validate',
      result: 'error',
    });
    if (status >= 500) log.error({ err: error, url: request.url }, 'a review could not be answered');
    return reply.code(status).send({ code: codeOf(error) ?? 'INPUT_INVALID', message });
  });
  return app;
}
