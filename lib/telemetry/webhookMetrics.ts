/** Makes the metrics of the webhooks. */

import { Counter, Gauge, type Registry } from 'prom-client';

export type WebhookMetrics = ReturnType<typeof createWebhookMetrics>;

export function createWebhookMetrics(registry: Registry) {
  const registers = [registry];
  return {
    requests: new Counter({
      name: 'zen_flow_webhook_requests_total',
      help: 'Reviews of flows, by webhook (validate, mutate) and result (allowed, refused, error).',
      labelNames: ['webhook', 'result'] as const,
      registers,
    }),
    certificateExpiry: new Gauge({
      name: 'zen_flow_webhook_certificate_expiry_seconds',
      help: 'When the certificate that serves ends, in seconds since 1970.',
      registers,
    }),
  };
}
