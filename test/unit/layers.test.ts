import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/**
 * docs/architecture.md#layers. A folder may import itself and what is listed; npm packages and
 * `node:` where `outside` says so.
 */
const layers: Readonly<Record<string, { readonly mayImport: readonly string[]; readonly outside: boolean }>> = {
  'lib/errors.ts': { mayImport: [], outside: false },
  // The package's entry composes the rules with the parsers; the program imports the files behind
  // it.
  'lib/selection/index.ts': {
    mayImport: ['lib/errors.ts', 'lib/selection', 'lib/kube/fromObjects.ts'],
    outside: false,
  },
  'lib/selection': { mayImport: [], outside: false },
  // Of lib/kube the reading of fields alone, which is pure as well.
  'lib/lock': { mayImport: ['lib/errors.ts', 'lib/kube/fields.ts'], outside: false },
  // The rules of scale-down stand beside the record that the selection keeps.
  'lib/scaleDown': {
    mayImport: ['lib/errors.ts', 'lib/selection', 'lib/kube/fields.ts'],
    outside: false,
  },
  'lib/expression': { mayImport: [], outside: true },
  'lib/cron': { mayImport: [], outside: true },
  // The wire of flows: the rules beside the envelope and the schemas.
  'lib/flow/events': {
    mayImport: ['lib/errors.ts', 'lib/flow', 'lib/kube/fields.ts', 'lib/events'],
    outside: true,
  },
  // Flows and leaders are two domains that share the bridge. Neither knows the other's rules.
  'lib/flow': { mayImport: ['lib/errors.ts', 'lib/cron', 'lib/expression', 'lib/kube/fields.ts'], outside: false },
  'lib/config': { mayImport: ['lib/errors.ts'], outside: true },
  'lib/telemetry': { mayImport: ['lib/errors.ts', 'package.json'], outside: true },
  'lib/events': { mayImport: ['lib/errors.ts', 'lib/telemetry', 'lib/selection'], outside: true },
  'lib/kube': { mayImport: ['lib/errors.ts', 'lib/telemetry', 'lib/selection'], outside: true },
  apiserver: { mayImport: ['lib/errors.ts', 'lib/telemetry', 'lib/selection'], outside: true },
  'lib/recording': {
    mayImport: ['lib/errors.ts', 'lib/telemetry', 'lib/selection', 'lib/flow', 'lib/events'],
    outside: true,
  },
  functions: {
    mayImport: [
      'lib/errors.ts',
      'lib/telemetry',
      'lib/selection',
      'lib/scaleDown',
      'lib/flow',
      'lib/lock',
      'lib/events',
      'lib/kube',
    ],
    outside: true,
  },
  ...genericBridge('watch', ['bridge/backoff.ts', 'bridge/clock.ts', 'bridge/sleep.ts']),
  ...genericBridge('queue', ['bridge/clock.ts']),
  ...genericBridge('delivery', ['bridge/backoff.ts', 'bridge/clock.ts', 'bridge/queue']),
  ...genericBridge('probes', ['bridge/clock.ts']),
  ...genericBridge('nodes', [
    'bridge/backoff.ts',
    'bridge/clock.ts',
    'bridge/gauges.ts',
    'bridge/probes',
    'bridge/sleep.ts',
    'bridge/watch',
    'lib/kube/parseNode.ts',
  ]),
  ...genericBridge('replicas', ['bridge/backoff.ts', 'bridge/clock.ts', 'bridge/dualClock.ts', 'bridge/queue']),
  bridge: {
    mayImport: ['lib/errors.ts', 'lib/telemetry', 'lib/selection', 'lib/flow', 'lib/lock', 'lib/events', 'lib/kube'],
    outside: true,
  },
  // The watches of bridge/watch know no domain, and both roles stand on them.
  api: {
    mayImport: ['lib', 'bridge/watch', 'bridge/backoff.ts', 'bridge/clock.ts', 'bridge/sleep.ts'],
    outside: true,
  },
  // Of the api the certificate that is renewed alone. The CRD has the defaults.
  webhooks: {
    mayImport: [
      'lib/errors.ts',
      'lib/telemetry',
      'lib/flow',
      'lib/kube',
      'api/reloadCertificate.ts',
      'deploy/flow/schema/specSchema.ts',
    ],
    outside: true,
  },
  cli: {
    mayImport: [
      'lib',
      'functions',
      'bridge',
      'api',
      'apiserver',
      'webhooks',
      'clients/typescript',
      'deploy/flow',
      'package.json',
    ],
    outside: true,
  },
};

/**
 * They know keys, lanes and events of any domain. Of the events they know only the envelope and the
 * way to a sink, and no Service, Pod or slice.
 */
function genericBridge(folder: string, beside: readonly string[]): typeof layers {
  const ofEvents = ['buildCloudEvent', 'envelope', 'recheckDelay', 'sink', 'toStructured', 'withExtensions'].map(
    (name) => `lib/events/${name}.ts`,
  );
  const ofKube = ['kubeApi', 'kubeError', 'listAll', 'parseLease', 'parseRetryAfter'].map(
    (name) => `lib/kube/${name}.ts`,
  );
  const ofSelection = ['lib/selection/compareRevisions.ts'];
  const mayImport = ['lib/errors.ts', 'lib/telemetry', ...ofEvents, ...ofKube, ...ofSelection, ...beside];
  return { [`bridge/${folder}`]: { mayImport, outside: true } };
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const files = globSync('{lib,functions,bridge,api,apiserver,cli,webhooks}/**/*.ts', { cwd: root })
  .map(normalize)
  .sort();

interface Import {
  readonly file: string;
  /** A path from the root, or the name of a package. */
  readonly target: string;
  readonly isOutside: boolean;
}

/**
 * Static, dynamic and re-exporting imports; types too, because a type ties two layers together as
 * well.
 */
const IMPORT =
  /(?:^|\s)(?:import|export)\s[^'";]*?from\s*'([^']+)'|(?:^|\s)import\s*'([^']+)'|import\(\s*'([^']+)'\s*\)/g;

function importsOf(file: string, text: string): readonly Import[] {
  return [...text.matchAll(IMPORT)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    const isOutside = !specifier.startsWith('.');
    return { file, isOutside, target: isOutside ? specifier : normalize(join(dirname(file), specifier)) };
  });
}

function isIn(folder: string, file: string): boolean {
  return file === folder || file.startsWith(`${folder}/`);
}

function layerOf(file: string): string | undefined {
  return Object.keys(layers).find((layer) => isIn(layer, file));
}

function violation({ file, target, isOutside }: Import): string | null {
  const layer = layerOf(file);
  const rule = layer === undefined ? undefined : layers[layer];
  if (layer === undefined || rule === undefined) return `${file} stands in no layer`;
  const isAllowed = isOutside ? rule.outside : [layer, ...rule.mayImport].some((folder) => isIn(folder, target));
  return isAllowed ? null : `${file} imports ${target}`;
}

describe('layers', () => {
  it('finds every way to import', () => {
    const text = [
      "import { a } from 'one';",
      "import type {\n  B,\n} from './two.ts';",
      "export * from '../three.ts';",
      "import 'four';",
      "const { e } = await import('./five.ts');",
    ].join('\n');
    expect(importsOf('lib/x/y.ts', text).map(({ target }) => target)).toEqual([
      'one',
      'lib/x/two.ts',
      'lib/three.ts',
      'four',
      'lib/x/five.ts',
    ]);
  });

  it('would notice an import that goes upwards, sideways or outside', () => {
    const found = (file: string, target: string, isOutside = false) => violation({ file, target, isOutside });
    expect(found('lib/kube/client.ts', 'bridge/leaders/leaderStore.ts')).toBe(
      'lib/kube/client.ts imports bridge/leaders/leaderStore.ts',
    );
    expect(found('bridge/leaders/leaderStore.ts', 'functions/reconcile/reconcile.ts')).toBe(
      'bridge/leaders/leaderStore.ts imports functions/reconcile/reconcile.ts',
    );
    expect(found('functions/reconcile/reconcile.ts', 'bridge/leaders/leaderStore.ts')).toBe(
      'functions/reconcile/reconcile.ts imports bridge/leaders/leaderStore.ts',
    );
    expect(found('bridge/queue/queue.ts', 'bridge/leaders/leaderStore.ts')).toBe(
      'bridge/queue/queue.ts imports bridge/leaders/leaderStore.ts',
    );
    expect(found('bridge/delivery/retries.ts', 'lib/events/reconcileEvent.ts')).toBe(
      'bridge/delivery/retries.ts imports lib/events/reconcileEvent.ts',
    );
    expect(found('api/statusFeed.ts', 'bridge/startBridge.ts')).toBe('api/statusFeed.ts imports bridge/startBridge.ts');
    expect(found('lib/flow/advance.ts', 'lib/selection/decide.ts')).toBe(
      'lib/flow/advance.ts imports lib/selection/decide.ts',
    );
    expect(found('lib/selection/decide.ts', 'lib/flow/advance.ts')).toBe(
      'lib/selection/decide.ts imports lib/flow/advance.ts',
    );
    expect(found('lib/selection/decide.ts', 'node:crypto', true)).toBe('lib/selection/decide.ts imports node:crypto');
    expect(found('lib/new/thing.ts', 'lib/errors.ts')).toBe('lib/new/thing.ts stands in no layer');
  });

  it('imports only downwards, and bridge and functions never each other', () => {
    const imports = files.flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));
    expect(imports.length).toBeGreaterThan(20);
    expect(imports.map(violation).filter((one) => one !== null)).toEqual([]);
  });

  it('decides what is ours in ownership.ts, and who opted in in optIn.ts', () => {
    const matching = (pattern: RegExp) => files.filter((file) => pattern.test(readFileSync(join(root, file), 'utf8')));
    expect(matching(/[!=]== (SLICE_)?MANAGER\b/)).toEqual(['lib/selection/ownership.ts']);
    expect(matching(/\[annotation\.enabled\] [!=]==/)).toEqual(['lib/selection/optIn.ts']);
  });

  it('never enters its own libraries by the door of the package', () => {
    const imports = files.flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));
    const entries = ['lib/selection/index.ts', 'lib/events/index.ts', 'lib/flow/index.ts'];
    expect(imports.filter(({ target }) => entries.includes(target))).toEqual([]);
  });

  it('reads the environment in one place of each program', () => {
    const readers = files.filter((file) => /process\.env\b/.test(readFileSync(join(root, file), 'utf8')));
    expect(readers).toEqual(['cli/zen-flow.ts', 'cli/zen-lead.ts']);
  });
});
