/**
 * Serves an eviction: the deletion of a pod that a PodDisruptionBudget could refuse.
 *
 * Does not guarantee that a budget is honoured. There are no PodDisruptionBudgets here, so every
 * pod may be evicted.
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiState } from '../apiState.ts';
import { fieldsAt, isFields, textAt } from '../json.ts';
import { badRequest } from '../statusError.ts';
import { deleteObject } from '../verbs/deleteObject.ts';
import { parseDeleteOptions } from './parseOptions.ts';
import { parseJson, readBody } from './readBody.ts';
import { respondStatus } from './respond.ts';
import type { ResourceRequest } from './serveResource.ts';

export async function serveEviction(
  state: ApiState,
  { kind, namespace, name, query }: ResourceRequest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = parseJson(await readBody(request), 'error decoding Eviction');
  if (!isFields(body) || textAt(body, 'kind') !== 'Eviction') throw badRequest('not a valid Eviction object');
  if ((textAt(body, 'metadata', 'name') ?? '') !== name)
    throw badRequest('name in URL does not match name in Eviction object');
  deleteObject(state, kind, namespace, name, parseDeleteOptions(query, fieldsAt(body, 'deleteOptions')));
  respondStatus(response, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
}
