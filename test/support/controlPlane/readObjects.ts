/**
 * Reads Services and EndpointSlices of a story from the API server, parsed to the fields that the
 * stories check.
 */

import { z } from 'zod';
import { ApiError } from './connectApi.ts';
import type { Namespace } from './createNamespace.ts';

const texts = z.record(z.string(), z.string()).default({});
const metadata = z.object({
  name: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  labels: texts,
  annotations: texts,
  ownerReferences: z
    .array(z.object({ kind: z.string(), name: z.string(), uid: z.string(), controller: z.boolean().optional() }))
    .default([]),
});

const serviceSchema = z.object({
  metadata,
  spec: z.object({
    type: z.string(),
    clusterIP: z.string().optional(),
    clusterIPs: z.array(z.string()).default([]),
    selector: z.record(z.string(), z.string()).optional(),
    ipFamilies: z.array(z.string()).default([]),
    ipFamilyPolicy: z.string().optional(),
    ports: z
      .array(
        z.object({
          name: z.string().optional(),
          port: z.number(),
          protocol: z.string(),
          targetPort: z.union([z.string(), z.number()]).optional(),
          nodePort: z.number().optional(),
        }),
      )
      .default([]),
  }),
});

const sliceSchema = z.object({
  metadata,
  addressType: z.enum(['IPv4', 'IPv6', 'FQDN']),
  endpoints: z
    .array(
      z.object({
        addresses: z.array(z.string()),
        conditions: z.object({ ready: z.boolean(), serving: z.boolean(), terminating: z.boolean() }).partial(),
        targetRef: z.object({ kind: z.string(), name: z.string(), uid: z.string() }).partial().optional(),
        nodeName: z.string().optional(),
        zone: z.string().optional(),
      }),
    )
    .nullable()
    .transform((endpoints) => endpoints ?? []),
  ports: z
    .array(
      z.object({
        name: z.string().default(''),
        port: z.number(),
        protocol: z.string(),
        appProtocol: z.string().optional(),
      }),
    )
    .nullable()
    .transform((ports) => ports ?? []),
});

export type Service = z.infer<typeof serviceSchema>;
export type Slice = z.infer<typeof sliceSchema>;

/** Null when the Service does not exist. */
export async function readService({ request, core }: Namespace, name: string): Promise<Service | null> {
  try {
    return serviceSchema.parse(await request('GET', `${core('services')}/${name}`));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** Returns names, sorted. */
export async function listServiceNames({ request, core }: Namespace): Promise<readonly string[]> {
  const list = z.object({ items: z.array(serviceSchema) }).parse(await request('GET', core('services')));
  return list.items.map((service) => service.metadata.name).sort();
}

/**
 * Returns all slices of one Service, sorted by name. All of them route its traffic, whichever
 * controller manages them.
 */
export async function listSlices({ request, slices }: Namespace, serviceName: string): Promise<readonly Slice[]> {
  const selector = encodeURIComponent(`kubernetes.io/service-name=${serviceName}`);
  const list = z
    .object({ items: z.array(sliceSchema) })
    .parse(await request('GET', `${slices}?labelSelector=${selector}`));
  return list.items.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}
