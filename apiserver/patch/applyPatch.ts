/**
 * Applies the body of a PATCH, in one of three forms, to an object in its kind's form.
 *
 * Guarantees: the result is decoded again, so a patch can store an unknown field no more than a PUT
 * can.
 * Does not guarantee server-side apply: the caller has refused it with 415.
 */

import { invalidValue } from '../fieldError.ts';
import { type Fields, isFields } from '../json.ts';
import { groupVersionOf, type Kind } from '../kind.ts';
import type { KubeObject } from '../kubeObject.ts';
import { schemaNamed } from '../schema/schema.ts';
import { badRequest, invalid, StatusError } from '../statusError.ts';
import type { DecodedBody, FieldValidation } from '../verbs/decodeBody.ts';
import { jsonPatch } from './jsonPatch.ts';
import { mergePatch } from './mergePatch.ts';
import { goMap, strategicMergePatch } from './strategicMergePatch.ts';

export type PatchForm = 'merge' | 'json' | 'strategic';

export function applyPatch(
  kind: Kind,
  current: KubeObject,
  form: PatchForm,
  patch: unknown,
  fieldValidation: FieldValidation,
): DecodedBody {
  const patched = patchedFields(kind, current, form, patch);
  const decoded = kind.decode(patched);
  // The real server names the patch when it is strategic, and the patched object otherwise.
  const shown = form === 'strategic' && isFields(patch) ? goMap(patch) : JSON.stringify(patched);
  const refuse = (detail: string) => invalid({ group: '', kind: '' }, '', [invalidValue('patch', shown, detail)]);
  if (decoded.kind === 'wrongType') throw refuse(decoded.message);
  const warnings = decoded.unknownFields.map((field) => `unknown field "${field}"`);
  if (fieldValidation === 'Strict' && warnings.length > 0) {
    throw refuse(`strict decoding error: ${warnings.join(', ')}`);
  }
  return {
    object: { ...decoded.value, apiVersion: groupVersionOf(kind), kind: kind.kind },
    warnings: fieldValidation === 'Warn' ? warnings : [],
  };
}

function patchedFields(kind: Kind, current: KubeObject, form: PatchForm, patch: unknown): Fields {
  if (form === 'json') {
    if (!Array.isArray(patch)) throw wrongShape('object', '[]handlers.jsonPatchOp');
    const result = jsonPatch(current, patch);
    if (result.kind === 'rejected' || !isFields(result.value)) {
      throw new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
    }
    return result.value;
  }
  if (!isFields(patch)) {
    throw wrongShape(Array.isArray(patch) ? 'array' : typeof patch, 'map[string]interface {}');
  }
  if (form === 'strategic') return strategicMergePatch(schemaNamed(kind.schema), current, patch);
  const merged = mergePatch(current, patch);
  return isFields(merged) ? merged : {};
}

function wrongShape(actual: string, wanted: string): StatusError {
  return badRequest(`error decoding patch: json: cannot unmarshal ${actual} into Go value of type ${wanted}`);
}
