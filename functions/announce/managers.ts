/**
 * readManagers: names who else has written to an object, by its managedFields, newest first.
 *
 * Guarantees: at most three, each at most 64 characters, with the operation: `argocd (Apply)`.
 * Empty when the object has gone. Does not name admission webhooks: their changes are recorded
 * under the manager of the request, which is zen-lead.
 * Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */

import { takeFields, takeList, takeOptionalString } from '../../lib/kube/fields.ts';
import { endpointSlices, type KubeApi, services } from '../../lib/kube/kubeApi.ts';
import type { HeldBack } from '../reconcile/damping.ts';
import { readIfThere } from '../reconcile/readIfThere.ts';

const MAX_MANAGERS = 3;
const MAX_LENGTH = 64;
/** The API server takes it from the User-Agent, up to its slash. */
const OUR_MANAGER = 'zen-lead';

export async function readManagers(
  api: KubeApi,
  namespace: string,
  { resource, name }: Pick<HeldBack, 'resource' | 'name'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const object = { resource: resource === 'services' ? services : endpointSlices, namespace, name };
  return (await readIfThere(api, object, parseManagers, signal)) ?? [];
}

function parseManagers(object: unknown): readonly string[] {
  const metadata = takeFields(takeFields(object, 'object')['metadata'], 'metadata');
  const path = 'metadata.managedFields[]';
  const others = takeList(metadata, 'managedFields', 'metadata').flatMap((each) => {
    const fields = takeFields(each, path);
    const manager = takeOptionalString(fields, 'manager', path) ?? '';
    // What writes only the status changes nothing that we write.
    const isOther = manager !== '' && manager !== OUR_MANAGER && fields['subresource'] === undefined;
    const operation = takeOptionalString(fields, 'operation', path) ?? 'Update';
    const at = takeOptionalString(fields, 'time', path) ?? '';
    return isOther ? [{ text: `${manager.slice(0, MAX_LENGTH)} (${operation})`, at }] : [];
  });
  const newestFirst = others.toSorted((a, b) => (a.at < b.at ? 1 : -1)).map(({ text }) => text);
  return [...new Set(newestFirst)].slice(0, MAX_MANAGERS);
}
