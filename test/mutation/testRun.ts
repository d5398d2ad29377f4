/**
 * The test files in one bundle, and a runner for it that costs no process: `describe`, `it` and
 * hooks are collected and called.
 *
 * Source of `expect`: vitest, which allows it outside its own runner.
 */

import { createRequire } from 'node:module';
import * as fc from 'fast-check';
import { expect } from 'vitest';

export interface Test {
  readonly name: string;
  run(): Promise<void>;
}

type Body = (...args: readonly unknown[]) => unknown;

/**
 * Runs a property often enough to find what it finds every day in most cases, and always in the
 * same way.
 */
const PROPERTY_RUNS = 60;

/** Evaluates the bundle afresh, and gives the tests that it declares. */
export function loadTests(code: string): readonly Test[] {
  const tests: Test[] = [];
  let hooks: readonly Body[] = [];
  const path: string[] = [];

  const it = (name: string, body: Body, ...args: readonly unknown[]): void => {
    const before = hooks;
    const run = async (): Promise<void> => {
      for (const hook of before) await hook();
      await body(...args);
    };
    tests.push({ name: [...path, name].join(' > '), run });
  };
  it.each = (rows: readonly unknown[]) => (name: string, body: Body) => {
    for (const row of rows) it(`${name} ${JSON.stringify(row)}`, body, ...(Array.isArray(row) ? row : [row]));
  };
  const describe = (name: string, body: Body): void => {
    const outer = hooks;
    path.push(name);
    body();
    path.pop();
    hooks = outer;
  };
  const beforeEach = (body: Body): void => {
    hooks = [...hooks, body];
  };
  const assert = (property: fc.IProperty<unknown>): unknown =>
    fc.assert(property, { numRuns: PROPERTY_RUNS, seed: 1, endOnFailure: true });

  const modules: Readonly<Record<string, unknown>> = {
    vitest: { describe, it, test: it, expect, beforeEach },
    'fast-check': { ...fc, assert },
  };
  const requireOutside = createRequire(import.meta.url);
  new Function('require', code)((name: string) => modules[name] ?? requireOutside(name));
  return tests;
}
