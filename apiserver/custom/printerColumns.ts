/**
 * Makes the columns of a table from the `additionalPrinterColumns` of a definition.
 *
 * Does not guarantee JSONPath beyond names: filters, wildcards and indices give an empty cell.
 * Source:
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#additional-printer-columns
 */

import { type Fields, listAt, numberAt, textAt, valueAt } from '../json.ts';
import type { Cell, Column, Kind } from '../kind.ts';
import { sinceCell } from '../tables/age.ts';

const byDefault = [{ name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }];

/** `version` is one of `spec.versions`. */
export function printerColumns(version: Fields): Pick<Kind, 'columns' | 'cells'> {
  const given = listAt(version, 'additionalPrinterColumns');
  const columns = (given.length === 0 ? byDefault : given).map((column) => ({
    name: textAt(column, 'name') ?? '',
    type: typeOf(textAt(column, 'type')),
    isWide: (numberAt(column, 'priority') ?? 0) > 0,
    path: keysOf(textAt(column, 'jsonPath') ?? ''),
  }));
  return {
    columns: [{ name: 'Name' }, ...columns.map(({ path: _, ...column }) => column)],
    cells: (object, nowAt) => [
      object.metadata.name,
      ...columns.map(({ type, path }) => cellOf(type, valueAt(object, ...path), nowAt)),
    ],
  };
}

function cellOf(type: Column['type'], value: unknown, nowAt: number): Cell {
  if (type === 'date') return value === undefined ? null : sinceCell(String(value), nowAt);
  if (type === 'integer' || type === 'number') return typeof value === 'number' ? value : null;
  if (type === 'boolean') return typeof value === 'boolean' ? value : null;
  if (value === undefined) return null;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function typeOf(type: string | undefined): NonNullable<Column['type']> {
  return type === 'integer' || type === 'number' || type === 'boolean' || type === 'date' ? type : 'string';
}

/** `.metadata.labels.example\.com/name` has three keys. */
function keysOf(jsonPath: string): readonly string[] {
  return jsonPath
    .replace(/^\./, '')
    .split(/(?<!\\)\./)
    .map((key) => key.replaceAll('\\.', '.'));
}
