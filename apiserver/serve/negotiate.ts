/**
 * Chooses the form of an answer that a client asks for: the object, its metadata alone, or a table
 * for people.
 *
 * Source:
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
 */

import type { IncomingMessage } from 'node:http';
import { StatusError } from '../statusError.ts';

export type Form = 'object' | 'metadata' | 'table';

/** Throws a 406 in the API server's words when it can send none of the accepted forms. */
export function negotiate(request: IncomingMessage, isList: boolean): Form {
  const accept = request.headers.accept ?? '*/*';
  for (const clause of accept.split(',')) {
    const [type, ...parameters] = clause.split(';').map((part) => part.trim());
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*') continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice('as='.length);
    switch (as) {
      case undefined:
        return 'object';
      case 'Table':
        return 'table';
      case 'PartialObjectMetadata':
        if (isList) throw notAcceptable('you requested PartialObjectMetadata, but the requested object is a list');
        return 'metadata';
      case 'PartialObjectMetadataList':
        if (!isList) {
          throw notAcceptable('you requested PartialObjectMetadataList, but the requested object is not a list');
        }
        return 'metadata';
      default: // a discovery document of an unknown version: the next clause may be known
    }
  }
  throw notAcceptable('406: Not Acceptable\n\nAvailable representations: application/json');
}

/** True when the client knows aggregated discovery. */
export function wantsAggregatedDiscovery(request: IncomingMessage): boolean {
  const accept = request.headers.accept ?? '';
  return /g=apidiscovery\.k8s\.io/.test(accept) && /v=v2(?![a-z0-9])/.test(accept);
}

function notAcceptable(message: string): StatusError {
  return new StatusError(406, 'NotAcceptable', message, {});
}
