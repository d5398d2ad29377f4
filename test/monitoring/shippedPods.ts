/**
 * Lists the pods of our manifests as the targets that Prometheus' `role: pod` finds in them: one
 * for each port that a container declares.
 *
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#pod
 */

import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

interface PodTarget {
  /** The manifest, and the name of the port. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const ports = z.array(z.object({ name: z.string().optional(), containerPort: z.number() }));
const workload = z.object({
  kind: z.enum(['Deployment', 'Service']),
  apiVersion: z.enum(['apps/v1', 'serving.knative.dev/v1']),
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.object({ containers: z.array(z.object({ ports })) }),
    }),
  }),
});

/**
 * Knative Serving 1.22 makes these of the one container of a Service and of the queue-proxy beside
 * it (pkg/apis/serving/v1/revision_helpers.go, pkg/reconciler/revision/resources/queue.go).
 */
const knativePorts: z.infer<typeof ports> = [
  { name: 'user-port', containerPort: 8080 },
  { name: 'queue-port', containerPort: 8012 },
  { name: 'http-queueadm', containerPort: 8022 },
  { name: 'http-autometric', containerPort: 9090 },
  { name: 'http-usermetric', containerPort: 9091 },
];

export function listShippedPods(): readonly PodTarget[] {
  const deploy = resolve(import.meta.dirname, '../../deploy');
  const files = ['bridge', 'knative', 'kubernetes', 'kubernetes/one', 'helm/rendered'].flatMap((folder) =>
    globSync(`${folder}/*.yaml`, { cwd: deploy }),
  );
  return files.flatMap((file) =>
    parseAllDocuments(readFileSync(resolve(deploy, file), 'utf8')).flatMap((document, index) => {
      const { data } = workload.safeParse(document.toJS());
      return data === undefined ? [] : toTargets(`${file}#${index}`, data);
    }),
  );
}

function toTargets(file: string, { apiVersion, metadata, spec }: z.infer<typeof workload>): readonly PodTarget[] {
  const { template } = spec;
  const own = template.spec.containers.flatMap((container) => container.ports);
  return (apiVersion === 'apps/v1' ? own : knativePorts).map(({ name = '', containerPort }) => ({
    name: `${file} ${name}`,
    labels: {
      ...Object.fromEntries(
        Object.entries(template.metadata.labels).map(([key, value]) => [
          `__meta_kubernetes_pod_label_${key.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`,
          value,
        ]),
      ),
      __meta_kubernetes_namespace: metadata.namespace,
      __meta_kubernetes_pod_name: `${file} ${metadata.name}`,
      __meta_kubernetes_pod_container_port_name: name,
      __meta_kubernetes_pod_container_port_number: String(containerPort),
    },
  }));
}
