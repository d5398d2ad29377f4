/**
 * Setting: one row of the configuration table, and the TypeScript type of the value that it gives.
 *
 * Flags, environment variables, `--help` and docs/reference/configuration.md all come from these
 * rows.
 * Guarantees: a row with a default says why, and a row without one says what its absence means. A
 * number states its unit and what 0 means. The compiler checks it.
 */

import type { TextFormName } from './textForms.ts';

interface Row {
  /** Without dashes. Absent where only the environment sets it. */
  readonly flag?: string;
  /** One letter, without the dash. */
  readonly short?: string;
  /**
   * Given by its place, without a flag: the rows of a command take operands in their order, and a
   * list takes the rest.
   */
  readonly operand?: true;
  /** Variables read where the flag is absent; the first that is not empty counts. */
  readonly env?: readonly string[];
  /** What it does: sentences for `--help` and the page. */
  readonly meaning: string;
}

interface Default<Value> {
  readonly default: Value;
  /** Why this default, or this bound. A sentence. */
  readonly why: string;
}

interface Required {
  readonly required: true;
}

interface Optional {
  /** The end of the sentence "Without it, ...". */
  readonly absent: string;
}

export type Setting = Row &
  (
    | ({
        readonly kind: 'text';
        readonly placeholder: string;
        /** Where it is absent, any text but an empty one is accepted. */
        readonly form?: TextFormName;
      } & (Default<string> | Required | Optional))
    | ({
        readonly kind: 'url';
        readonly placeholder: string;
        /** Events are sent there. */
        readonly isSink?: true;
      } & (Required | Optional))
    | ({
        readonly kind: 'choice';
        readonly choices: readonly string[];
        readonly placeholder: string;
      } & (Default<string> | Required | Optional))
    | ({
        readonly kind: 'integer';
        readonly placeholder: string;
        readonly unit: string;
        readonly min: number;
        readonly max: number;
        /** What 0 means, or why it is refused. */
        readonly zero: string;
      } & Default<number>)
    /** True when the flag is given, or the variable is not empty. */
    | { readonly kind: 'switch' }
    /** A flag that may be repeated, or the operands that are left. */
    | ({
        readonly kind: 'list';
        readonly placeholder: string;
        /** Of each. */
        readonly form?: TextFormName;
      } & (Required | { readonly emptyMeans: string }))
    /** `{"extensions":{"name":"value"}}`: CloudEvents attributes to set on what is sent. */
    | ({ readonly kind: 'extensions' } & Optional)
  );

export type Settings = Readonly<Record<string, Setting>>;

/** One row of the table of commands. */
export interface Command {
  readonly summary: string;
  readonly settings: Settings;
}

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

type ValueOf<S extends Setting> = S extends
  | { kind: 'switch' | 'list' | 'extensions' }
  | { default: string | number }
  | { required: true }
  ? Given<S>
  : Given<S> | undefined;

export type ValuesOf<S extends Settings> = { readonly [Name in keyof S]: ValueOf<S[Name]> };
