/**
 * Setting: one row of the configuration table, and the TypeScript type of the value that it gives.
 *
 * The rows stand in settings.ts; flags, environment, `--help` and docs/reference/configuration.md all come from them.
 */

import type { TextFormName } from './textForms.ts';

interface Row {
  /** Without dashes; absent: only the environment sets it. */
  readonly flag?: string;
  /** One letter, without the dash. */
  readonly short?: string;
  /** Given without a flag, by its place: the rows of a command take operands in their order, a list takes the rest. */
  readonly operand?: true;
  /** Variables read where the flag is absent, the first that is not empty counts. */
  readonly env?: readonly string[];
  /** What it does: a sentence for `--help` and the page. */
  readonly meaning: string;
  /** Why this default, or this bound. */
  readonly why?: string;
}

/** An absent `default` without `required` gives `undefined`. */
export type Setting = Row &
  (
    | {
        readonly kind: 'text';
        readonly placeholder: string;
        /** Absent: any text but an empty one. */
        readonly form?: TextFormName;
        readonly default?: string;
        readonly required?: true;
      }
    | { readonly kind: 'url'; readonly placeholder: string; readonly required?: true }
    | {
        readonly kind: 'choice';
        readonly choices: readonly string[];
        readonly placeholder: string;
        readonly default?: string;
        readonly required?: true;
      }
    | {
        readonly kind: 'integer';
        readonly placeholder: string;
        readonly unit: string;
        readonly min: number;
        readonly max: number;
        readonly default: number;
        /** What 0 means, or that it is refused. */
        readonly zero: string;
      }
    /** True when the flag is given, or the variable is not empty. */
    | { readonly kind: 'switch' }
    /** A flag that may be repeated. */
    | {
        readonly kind: 'list';
        readonly placeholder: string;
        /** Of each. */
        readonly form?: TextFormName;
        readonly emptyMeans: string;
        readonly required?: true;
      }
    /** `{"extensions":{"name":"value"}}`: CloudEvents attributes to set on what is sent. */
    | { readonly kind: 'extensions' }
  );

export type Settings = Readonly<Record<string, Setting>>;

type Given<S extends Setting> = S extends { kind: 'switch' }
  ? boolean
  : S extends { kind: 'list' }
    ? readonly string[]
    : S extends { kind: 'extensions' }
      ? Readonly<Record<string, string>>
      : S extends { kind: 'integer' }
        ? number
        : S extends { kind: 'choice'; choices: readonly (infer Choice)[] }
          ? Choice
          : string;

export type ValueOf<S extends Setting> = S extends
  | { kind: 'switch' | 'list' | 'extensions' }
  | { default: string | number }
  | { required: true }
  ? Given<S>
  : Given<S> | undefined;

export type ValuesOf<S extends Settings> = { readonly [Name in keyof S]: ValueOf<S[Name]> };
