/**
 * Builds the workloads that stories of scale-down scale.
 */

export interface WorkloadOptions {
  readonly kind?: 'Deployment' | 'StatefulSet';
  readonly name?: string;
  readonly replicas?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export function aWorkload({
  kind = 'Deployment',
  name = 'web',
  replicas = 3,
  labels = { app: name },
}: WorkloadOptions = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      ...(kind === 'StatefulSet' && { serviceName: name, podManagementPolicy: 'Parallel' }),
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'main', image: 'web' }] },
      },
    },
  };
}
