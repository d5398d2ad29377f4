/**
 * Carries out one `Write` that `toPatch` asked for.
 *
 * Guarantees (S3): no patch and no delete leaves without a uid and a resourceVersion, because `""`
 * and `"0"` would be written unconditionally. A patch that does not carry them is our fault, and
 * throws before it is sent. Nothing is resent.
 * Errors: after `KUBE_CONFLICT`, `KUBE_ALREADY_EXISTS` and `KUBE_NOT_FOUND` read afresh. A delete
 * that finds nothing succeeds, because the object has gone. A delete that finds another uid is
 * `KUBE_CONFLICT`.
 */

import { codeOf, ZenLeadError } from '../errors.ts';
import { label } from '../selection/names.ts';
import type { Write, WriteResource } from '../selection/write.ts';
import { takeFields, takeOptionalFields, takeOptionalString, takeString } from './fields.ts';
import { endpointSlices, endpoints, type KubeApi, type Preconditions, type Resource, services } from './kubeApi.ts';

const resources: Readonly<Record<WriteResource, Resource>> = { services, endpointslices: endpointSlices };

/** The object as it is now; undefined where one was deleted. */
export async function applyWrite(api: KubeApi, write: Write, signal: AbortSignal): Promise<unknown> {
  switch (write.kind) {
    case 'create':
      return api.create(resources[write.resource], write.namespace, write.object, signal);
    case 'patch':
      checkPatch(write);
      return api.mergePatch(resources[write.resource], write.namespace, write.name, write.patch, signal);
    case 'delete':
      await deleteObject(api, resources[write.resource], write, write, signal);
      return undefined;
    case 'deleteControllerEndpoints':
      await deleteControllerEndpoints(api, write, signal);
      return undefined;
  }
}

interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

async function deleteObject(
  api: KubeApi,
  resource: Resource,
  { namespace, name }: ObjectName,
  { uid, resourceVersion }: Preconditions,
  signal: AbortSignal,
): Promise<void> {
  checkPreconditions(`delete ${resource.plural} ${namespace}/${name}`, uid, resourceVersion);
  try {
    await api.delete(resource, namespace, name, { uid, resourceVersion }, signal);
  } catch (error) {
    if (codeOf(error) !== 'KUBE_NOT_FOUND') throw error;
  }
}

/**
 * The endpoints controller's leftover keeps routing to dead pods once the selector is gone
 * (kubernetes/kubernetes#91072). Only that controller's objects go. A user made an Endpoints object
 * without its label, and it stays.
 */
async function deleteControllerEndpoints(api: KubeApi, at: ObjectName, signal: AbortSignal): Promise<void> {
  let found: unknown;
  try {
    found = await api.get(endpoints, at.namespace, at.name, signal);
  } catch (error) {
    if (codeOf(error) === 'KUBE_NOT_FOUND') return;
    throw error;
  }
  const metadata = takeFields(takeFields(found, 'endpoints')['metadata'], 'metadata');
  const labels = takeOptionalFields(metadata, 'labels', 'metadata') ?? {};
  if (takeOptionalString(labels, label.endpointsManagedBy, 'metadata.labels') !== 'endpoint-controller') return;
  const preconditions = {
    uid: takeString(metadata, 'uid', 'metadata'),
    resourceVersion: takeString(metadata, 'resourceVersion', 'metadata'),
  };
  await deleteObject(api, endpoints, at, preconditions, signal);
}

/** Checks the patch itself, because nothing else is sent. */
function checkPatch(write: Extract<Write, { kind: 'patch' }>): void {
  const attempt = `patch ${write.resource} ${write.namespace}/${write.name}`;
  const metadata = takeOptionalFields(write.patch, 'metadata', 'patch') ?? {};
  checkPreconditions(attempt, write.uid, write.resourceVersion);
  if (metadata['uid'] !== write.uid || metadata['resourceVersion'] !== write.resourceVersion) {
    throw new ZenLeadError('KUBE_INVALID', `${attempt}: the patch does not carry the uid and version decided on`, {
      retry: 'never',
    });
  }
}

function checkPreconditions(attempt: string, uid: string, resourceVersion: string): void {
  if (uid !== '' && resourceVersion !== '' && resourceVersion !== '0') return;
  throw new ZenLeadError('KUBE_INVALID', `${attempt}: without uid and resourceVersion this would overwrite anything`, {
    retry: 'never',
  });
}
