/**
 * Serves `/livez`, `/readyz` and `/metrics` on a Fastify instance.
 *
 * Guarantees: `/livez` answers as long as the event loop turns, whatever the API server does,
 * because a restart would not help it.
 * Source: https://kubernetes.io/docs/reference/using-api/health-checks/ (the paths).
 */

import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.ts';
import { createMetricsPage } from './renderMetrics.ts';

export interface Readiness {
  readonly ready: boolean;
  /**
   * Why the process is not ready, one sentence each. A process that is ready names what it cannot
   * serve, such as a namespace that it may not read.
   */
  readonly reasons: readonly string[];
}

export interface Probes {
  readonly metrics: Pick<Metrics, 'registry'>;
  isReady(): Readiness;
}

export function registerProbes(app: FastifyInstance, { metrics, isReady }: Probes): void {
  const renderPage = createMetricsPage(metrics.registry);
  app.get('/livez', (_request, reply) => reply.type('text/plain').send('ok\n'));

  app.get('/readyz', (_request, reply) => {
    const { ready, reasons } = isReady();
    return reply
      .code(ready ? 200 : 503)
      .type('text/plain')
      .send(`${(ready ? ['ok', ...reasons] : reasons).join('\n') || 'not ready'}\n`);
  });

  app.get('/metrics', async (_request, reply) => {
    return reply.type(metrics.registry.contentType).send(await renderPage());
  });
}
