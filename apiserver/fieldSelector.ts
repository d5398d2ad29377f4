/**
 * Parses field selectors: `metadata.name=x,status.phase!=Running`. Each kind lists the fields that
 * can be selected by.
 *
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
 */

import type { Kind } from './kind.ts';
import type { ObjectPredicate } from './labelSelector.ts';
import { badRequest } from './statusError.ts';

/** Throws a 400 in the API server's words. */
export function parseFieldSelector(kind: Kind, text: string): ObjectPredicate | null {
  const terms = text.split(',').filter((term) => term !== '');
  if (terms.length === 0) return null;
  const predicates = terms.map((term) => parseTerm(kind, term));
  return (object) => predicates.every((isWanted) => isWanted(object));
}

function parseTerm(kind: Kind, term: string): ObjectPredicate {
  const match = /^(?<field>[^!=]+)(?<operator>!=|==|=)(?<value>.*)$/.exec(term);
  const { field = '', operator = '', value = '' } = match?.groups ?? {};
  if (match === null) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
  const read = readerOf(kind, field);
  if (read === undefined) throw badRequest(`field label not supported: ${field}`);
  return (object) => (read(object) === value) === (operator !== '!=');
}

function readerOf(kind: Kind, field: string): Kind['selectable'][string] | undefined {
  if (field === 'metadata.name') return (object) => object.metadata.name;
  if (field === 'metadata.namespace' && kind.isNamespaced) return (object) => object.metadata.namespace ?? '';
  return Object.hasOwn(kind.selectable, field) ? kind.selectable[field] : undefined;
}
