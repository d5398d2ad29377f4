/**
 * Builds the source Service of most stories, `web`, which selects `app: web`, maps port 80 to 8080,
 * and is opted in.
 */

import { toElection } from '../storyElection.ts';

export interface ServiceOptions {
  readonly name?: string;
  /** Added to the opt-in annotation, without the `zen-lead.io/` prefix. Null leaves one out. */
  readonly annotations?: Readonly<Record<string, string | null>>;
  /** Replaces what is in `spec` by default, key by key. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

export function aService({ name = 'web', annotations = {}, spec = {} }: ServiceOptions = {}): object {
  const written = Object.entries({ enabled: 'true', ...annotations })
    .filter(([, value]) => value !== null)
    .map(([key, value]) => [`zen-lead.io/${key}`, value]);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, annotations: toElection(Object.fromEntries(written)) },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
  };
}
