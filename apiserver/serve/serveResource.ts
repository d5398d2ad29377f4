/**
 * Serves one request for a resource: method and path become a verb, the body an object, the result
 * an answer.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiState } from '../apiState.ts';
import { isFields } from '../json.ts';
import { type Kind, keyOf } from '../kind.ts';
import type { KubeObject } from '../kubeObject.ts';
import { applyPatch, type PatchForm } from '../patch/applyPatch.ts';
import { badRequest, notFound, StatusError, tooLarge } from '../statusError.ts';
import { createObject } from '../verbs/createObject.ts';
import { decodeBody } from '../verbs/decodeBody.ts';
import { deleteObject } from '../verbs/deleteObject.ts';
import { listObjects } from '../verbs/listObjects.ts';
import { changeObject, replaceObject } from '../verbs/updateObject.ts';
import { negotiate } from './negotiate.ts';
import {
  isWatch,
  parseDeleteOptions,
  parseListOptions,
  parseWatchOptions,
  parseWriteQuery,
  revision,
} from './parseOptions.ts';
import { parseJson, readBody } from './readBody.ts';
import { parseIncludeObject, type RepresentOptions, representList, representObject } from './represent.ts';
import { respondJson, respondStatus, warningHeaders } from './respond.ts';
import { serveEviction } from './serveEviction.ts';
import { serveWatch } from './serveWatch.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

export interface ResourceRequest {
  readonly verb: Verb;
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: '' | 'status' | 'eviction';
  readonly query: URLSearchParams;
}

/** Throws a 405 in the API server's words. */
export function verbOf(method: string, hasName: boolean, query: URLSearchParams, isWatchPath: boolean): Verb {
  const verbs: Readonly<Record<string, Verb | undefined>> = hasName
    ? { GET: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }
    : { GET: isWatch(query) ? 'watch' : 'list', POST: 'create', DELETE: 'deletecollection' };
  const verb = isWatchPath && method === 'GET' ? 'watch' : verbs[method];
  if (verb !== undefined) return verb;
  throw new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
}

export async function serveResource(
  state: ApiState,
  asked: ResourceRequest,
  bookmarkIntervalMs: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { kind, namespace, name, query, subresource } = asked;
  if (subresource === 'eviction') return serveEviction(state, asked, request, response);
  const represent: RepresentOptions = {
    form: negotiate(request, asked.verb === 'list' || asked.verb === 'deletecollection'),
    includeObject: parseIncludeObject(query),
    nowAt: state.now(),
    hasColumns: true,
  };
  const answer = (code: number, object: KubeObject, warnings: readonly string[] = []) =>
    respondJson(response, code, representObject(kind, object, represent), warningHeaders(warnings));

  switch (asked.verb) {
    case 'get':
      return answer(200, readObject(state, asked));
    case 'list':
      return respondJson(
        response,
        200,
        representList(kind, listObjects(state, kind, namespace, parseListOptions(query)), represent),
      );
    case 'watch': {
      const target = { kind, namespace, name: name === '' ? undefined : name };
      return serveWatch(state, target, parseWatchOptions(query), represent, bookmarkIntervalMs, response);
    }
    case 'create': {
      const { isDryRun, fieldValidation } = parseWriteQuery(query, 'CreateOptions');
      const { object, warnings } = decodeBody(kind, await readObjectBody(kind, request), fieldValidation);
      return answer(201, createObject(state, kind, namespace, object, { isDryRun }), warnings);
    }
    case 'update': {
      const { isDryRun, fieldValidation } = parseWriteQuery(query, 'UpdateOptions');
      const { object, warnings } = decodeBody(kind, await readObjectBody(kind, request), fieldValidation);
      const options = { isDryRun, subresource };
      const updated = replaceObject(state, kind, namespace, name, object, options);
      return answer(updated.isCreated ? 201 : 200, updated.object, warnings);
    }
    case 'patch': {
      const form = patchForm(kind, request);
      const { isDryRun, fieldValidation } = parseWriteQuery(query, 'PatchOptions');
      const patch = parseJson(await readBody(request), 'error decoding patch');
      const warnings: string[] = [];
      const change = (current: KubeObject) => {
        const patched = applyPatch(kind, current, form, patch, fieldValidation);
        warnings.push(...patched.warnings);
        return patched.object;
      };
      const options = { isDryRun, subresource };
      return answer(200, changeObject(state, kind, namespace, name, change, options), warnings);
    }
    case 'delete': {
      const options = parseDeleteOptions(query, await readOptionsBody(request));
      const { object, isPending } = deleteObject(state, kind, namespace, name, options);
      if (isPending || kind.isDeletedReturned) return answer(200, object);
      return respondStatus(response, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: {
          name,
          ...(kind.group === '' ? {} : { group: kind.group }),
          kind: kind.plural,
          uid: object.metadata.uid,
        },
      });
    }
    case 'deletecollection': {
      const options = parseDeleteOptions(query, await readOptionsBody(request));
      const page = listObjects(state, kind, namespace, parseListOptions(query));
      for (const { metadata } of page.objects) deleteObject(state, kind, metadata.namespace, metadata.name, options);
      return respondJson(response, 200, representList(kind, page, represent));
    }
  }
}

function readObject(state: ApiState, { kind, namespace, name, query }: ResourceRequest): KubeObject {
  const asked = query.get('resourceVersion') ?? '';
  const version = asked === '' ? 0 : revision(asked, 'invalid resource version: ');
  if (version > state.store.revision()) throw tooLarge(version, state.store.revision());
  const object = state.store.read(kind.collection, keyOf(kind, namespace, name))?.object;
  if (object === undefined) throw notFound(kind, name);
  return object;
}

async function readObjectBody(kind: Kind, request: IncomingMessage) {
  const type = mediaType(request);
  if (type !== '' && type !== 'application/json') {
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json (commands such as kubectl create namespace send protobuf; kubectl create -f and kubectl apply -f do not)',
    );
  }
  const what = `the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind; json parse error`;
  const body = parseJson(await readBody(request), what);
  if (!isFields(body)) throw badRequest(`${what}: not an object`);
  return body;
}

/** A DELETE without a body has no options. */
async function readOptionsBody(request: IncomingMessage): Promise<unknown> {
  const text = await readBody(request);
  return text === '' ? {} : parseJson(text, 'error decoding DeleteOptions');
}

function patchForm(kind: Kind, request: IncomingMessage): PatchForm {
  const type = mediaType(request);
  if (type === 'application/strategic-merge-patch+json' && !kind.isStrategicPatchAllowed) throw unknownPatch(kind);
  switch (type) {
    case 'application/merge-patch+json':
      return 'merge';
    case 'application/json-patch+json':
      return 'json';
    case 'application/strategic-merge-patch+json':
      return 'strategic';
    case 'application/apply-patch+yaml':
    case 'application/apply-patch+cbor':
      throw new StatusError(
        415,
        'UnsupportedMediaType',
        'server-side apply is not served by the embedded Kubernetes API of zen-lead; use client-side apply (kubectl apply without --server-side)',
        {},
      );
    default:
      throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  }
}

/** The schema of a custom resource has no merge keys. */
function unknownPatch({ group, version }: Kind): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml`;
  return new StatusError(415, 'UnsupportedMediaType', message, { group, kind: version });
}

function mediaType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
}
