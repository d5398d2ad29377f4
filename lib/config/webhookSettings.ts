/** The settings of `zen-flow webhook` alone. */

import { serverSettings } from './serverSettings.ts';
import type { Setting } from './setting.ts';

const needed = '--tls-cert';

export const webhookSettings = {
  port: {
    ...serverSettings.apiPort,
    default: 8443,
    meaning: 'Port of the webhooks, over TLS, and of /healthz, /livez, /readyz and /metrics.',
    why: 'The Service of deploy/flow/webhooks points there.',
  },
  tlsCert: {
    ...serverSettings.tlsCert,
    meaning: 'Certificate chain of the webhooks, in PEM; read again when it changes. Needs --tls-key.',
    absent: 'the webhook keeps a certificate of its own in --tls-secret, and writes caBundle',
  },
  tlsKey: { ...serverSettings.tlsKey, absent: 'as without --tls-cert' },
  tlsSecret: {
    kind: 'text',
    flag: 'tls-secret',
    placeholder: 'NAME',
    default: 'zen-flow-webhook-tls',
    meaning: `Secret of the certificate of its own, in the namespace of the process. Unused with ${needed}.`,
    why: 'The rights of deploy/flow/webhooks name it.',
  },
  webhookService: {
    kind: 'text',
    flag: 'webhook-service',
    placeholder: 'NAME',
    default: 'zen-flow-webhook',
    meaning: `Service that the API server reaches the webhook by, for the names of its certificate. Unused with ${needed}.`,
    why: 'That of deploy/flow/webhooks.',
  },
  webhookConfiguration: {
    kind: 'text',
    flag: 'webhook-configuration',
    placeholder: 'NAME',
    default: 'zen-flow',
    meaning: `Name of the ValidatingWebhookConfiguration and the MutatingWebhookConfiguration whose caBundle is written. Unused with ${needed}.`,
    why: 'Those of deploy/flow/webhooks.',
  },
  skipDryRun: {
    kind: 'switch',
    flag: 'skip-dry-run',
    meaning: 'Do not ask the API server whether it would take the Jobs of a flow.',
  },
} as const satisfies Readonly<Record<string, Setting>>;
