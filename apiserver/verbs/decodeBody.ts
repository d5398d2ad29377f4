/**
 * Turns a body into an object of the kind that the URL names, or refuses it with the API server's
 * 400.
 *
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
 */

import { type Fields, textAt } from '../json.ts';
import { groupVersionOf, type Kind } from '../kind.ts';
import { badRequest } from '../statusError.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface DecodedBody {
  readonly object: Fields;
  /** Texts for the Warning header. */
  readonly warnings: readonly string[];
}

export function decodeBody(kind: Kind, body: Fields, fieldValidation: FieldValidation): DecodedBody {
  const groupVersion = groupVersionOf(kind);
  const statedKind = textAt(body, 'kind') ?? kind.kind;
  const statedVersion = textAt(body, 'apiVersion') ?? groupVersion;
  const cannot = (what: string) =>
    badRequest(`${statedKind} in version "${lastPart(statedVersion)}" cannot be handled as a ${kind.kind}: ${what}`);
  if (statedKind !== kind.kind) {
    throw cannot(`converting (${lastPart(statedVersion)}.${statedKind}) to (core.${kind.kind}): unknown conversion`);
  }
  if (statedVersion !== groupVersion) {
    throw badRequest(
      `the API version in the data (${statedVersion}) does not match the expected API version (${groupVersion})`,
    );
  }
  const decoded = kind.decode(body);
  if (decoded.kind === 'wrongType') throw cannot(decoded.message);
  const warnings = decoded.unknownFields.map((field) => `unknown field "${field}"`);
  if (fieldValidation === 'Strict' && warnings.length > 0) {
    throw cannot(`strict decoding error: ${warnings.join(', ')}`);
  }
  return {
    object: { ...decoded.value, apiVersion: groupVersion, kind: kind.kind },
    warnings: fieldValidation === 'Warn' ? warnings : [],
  };
}

function lastPart(groupVersion: string): string {
  return groupVersion.slice(groupVersion.lastIndexOf('/') + 1);
}
