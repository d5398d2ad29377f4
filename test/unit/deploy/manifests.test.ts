/**
 * Holds what `deploy/` ships against what we promise about it.
 *
 * Needs no cluster. Does not guarantee that an API server takes it: the e2e suite asks a real one.
 */

import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readConfigFile } from '../../../lib/config/configFile.ts';
import { configPathOf, readCommandLine } from '../../../lib/config/parseCommandLine.ts';
import { type Program, zenFlow, zenLead } from '../../../lib/config/program.ts';
import {
  build,
  buildWith,
  deploy,
  hasHelm,
  hasKubectl,
  isWorkload,
  listContainers,
  type Manifest,
  parseManifests,
  type Rule,
  renderChart,
} from '../../support/deploy/readManifests.ts';

if (!hasHelm) console.log('manifests: the chart is not rendered, `npm run cluster:assets` has not built a Helm here');
if (!hasKubectl) console.log('manifests: kustomizations are not built, there is no kubectl here');

const work = mkdtempSync(join(tmpdir(), 'zen-lead-manifests-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const components = globSync(['components/*', 'knative/components/*'], { cwd: deploy });
const sources: readonly (readonly [string, () => readonly Manifest[]])[] = [
  ...(hasKubectl
    ? [
        ...[
          'knative',
          'kubernetes',
          'kubernetes/one',
          'guard',
          'api',
          'flow/one',
          'flow/kubernetes',
          'flow/knative',
          'flow/guard',
          'flow/webhooks',
          'flow/webhooks-cert-manager',
          ...globSync('flow/own-namespace/*', { cwd: deploy }),
          ...globSync('cluster-wide/*', { cwd: deploy }),
        ].map((path) => [path, () => build(join(deploy, path))] as const),
        ...components.map(
          (path) => [path, () => buildWith(path, path.endsWith('manual-locks') ? 'api' : 'knative')] as const,
        ),
      ]
    : []),
  ...globSync('helm/rendered/*.yaml', { cwd: deploy }).map(
    (path) => [path, () => parseManifests(readFileSync(join(deploy, path), 'utf8'))] as const,
  ),
];

describe.each(sources)('deploy/%s', (path, read) => {
  const manifests = read();

  test('starts zen-lead and zen-flow with command lines that they take', () => {
    for (const { command = [], args = [], env = [] } of listContainers(manifests)) {
      // What a Secret holds is nothing that zen-lead itself reads.
      const environment = Object.fromEntries(env.map(({ name, value = '' }) => [name, value]));
      // A SinkBinding, where one is used, sets it.
      const line = readCommandLine(programOf(command), args, { K_SINK: 'http://functions', ...environment });
      expect(line).toMatchObject({ kind: 'command' });
    }
  });

  test('runs nothing as root, writable or privileged', () => {
    for (const manifest of manifests.filter(isWorkload)) {
      const { spec } = manifest.spec.template;
      for (const container of spec.containers) {
        const security = { ...spec.securityContext, ...container.securityContext };
        expect(security).toMatchObject({
          runAsNonRoot: true,
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          seccompProfile: { type: 'RuntimeDefault' },
        });
        expect(container.resources.limits.memory).toBeDefined();
      }
    }
  });

  test('gives no right to secrets, to write pods, to delete collections, or to everything', () => {
    const rules = manifests.filter(({ kind }) => kind.endsWith('Role')).flatMap(({ rules: each = [] }) => each);
    for (const rule of rules) {
      const { resources, verbs } = rule;
      expect([...resources, ...verbs]).not.toContain('*');
      if (!isOwnCertificate(rule)) expect(resources).not.toContain('secrets');
      expect(verbs).not.toContain('deletecollection');
      const mayDemote = path === 'components/on-demote' || path === 'helm/rendered/demoting.yaml';
      const allowed = ['get', 'list', 'watch', ...(mayDemote ? ['delete'] : [])];
      if (resources.includes('pods')) expect(allowed).toEqual(expect.arrayContaining([...verbs]));
      if (!mayDemote) expect(resources).not.toContain('pods/eviction');
      const mayScale = path === 'components/scale-down' || path.startsWith('helm/rendered/scaling');
      if (!mayScale) expect(resources.filter((each) => each.endsWith('/scale'))).toEqual([]);
      if (resources.includes('deployments')) expect(verbs).toEqual(['get']);
    }
  });
});

function programOf(command: readonly string[] = []): Program {
  return command.includes('/app/zen-flow.mjs') ? zenFlow : zenLead;
}

/** The webhook of flows keeps its certificate in one Secret. No name bounds `create`. */
function isOwnCertificate({ resources, verbs, resourceNames = [] }: Rule): boolean {
  const isNamed = resourceNames.length === 1 && resourceNames[0]?.endsWith('-webhook-tls') === true;
  return resources.join() === 'secrets' && (verbs.join() === 'create' || (isNamed && verbs.join() === 'get,patch'));
}

const overlaid = ['kubernetes', 'kubernetes/one', 'knative'].map(
  (path) => [`the overlay of deploy/${path}`, hasKubectl, () => buildConfigured(path)] as const,
);
const charts = ['deployments', 'one', 'knative'].map(
  (mode) => [`the chart in mode ${mode}`, hasHelm, () => renderConfigured(mode)] as const,
);

describe.each([...overlaid, ...charts])('settings in a ConfigMap: %s', (_name, canBuild, build) => {
  test.runIf(canBuild)('mounts them where each half reads them, and each takes what it is given', async () => {
    const manifests = build();
    const workloads = manifests.filter(isWorkload);
    expect(workloads.length).toBeGreaterThan(0);
    for (const { spec } of workloads) {
      const { containers, volumes } = spec.template.spec;
      const [container] = containers;
      const args = container?.args ?? [];
      const program = programOf(container?.command);
      const path = configPathOf(args, program) ?? '';
      const mount = container?.volumeMounts?.find(({ name }) => name === 'config');
      expect(mount).toMatchObject({ mountPath: dirname(path), readOnly: true });
      const volume = volumes?.find(({ name }) => name === 'config');
      const map = manifests.find(
        ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === volume?.configMap?.name,
      );
      const file = join(mkdtempSync(join(work, 'config-')), basename(path));
      writeFileSync(file, map?.data?.[basename(path)] ?? '- no such file');
      const line = readCommandLine(program, args, { K_SINK: 'http://functions' }, await readConfigFile(file));
      expect(line).toMatchObject({ values: { logLevel: 'debug' } });
    }
  });
});

test.runIf(hasHelm)('the chart rolls the pods for a setting that needs a restart, and for no other', () => {
  const annotations = (...values: readonly string[]) =>
    renderChart('zen-lead', 'zen-lead', ...values.flatMap((value) => ['--set', `bridge.config.${value}`]))
      .filter(isWorkload)
      .map(({ spec }) => spec.template.metadata?.annotations);
  const plain = annotations('max-in-flight=32');
  expect(annotations('max-in-flight=32', 'log-level=debug')).toEqual(plain);
  expect(annotations('max-in-flight=33')).not.toEqual(plain);
});

test.runIf(hasKubectl)('the chart ships the guard of deploy/guard, for the account of its release', () => {
  const isPolicy = ({ kind }: Manifest): boolean => kind.startsWith('ValidatingAdmissionPolicy');
  // Name, labels and account are the release's own.
  const toComparable = (manifests: readonly Manifest[]): Readonly<Record<string, unknown>> =>
    Object.fromEntries(
      manifests
        .filter(isPolicy)
        .map(({ metadata: { name }, ...rest }) => JSON.stringify({ name, ...rest }))
        .map((text) => text.replaceAll('zen-lead-zen-lead-writes', 'zen-lead-writes'))
        .map((text) => JSON.parse(text.replaceAll(/request\.userInfo\.username [^"]*/g, 'the account')))
        .map((manifest) => [`${manifest.kind} ${manifest.name}`, manifest]),
    );
  const rendered = parseManifests(readFileSync(join(deploy, 'helm/rendered/deployments.yaml'), 'utf8'));
  const shipped = toComparable(build(join(deploy, 'guard')));
  expect(Object.keys(shipped)).toHaveLength(7);
  expect(toComparable(rendered)).toEqual(shipped);
});

test.runIf(hasKubectl)('the component without-guard leaves the guard out, which is in by default', () => {
  const isPolicy = ({ kind }: Manifest): boolean => kind.startsWith('ValidatingAdmissionPolicy');
  for (const path of ['knative', 'kubernetes', 'kubernetes/one'])
    expect(build(join(deploy, path)).filter(isPolicy)).toHaveLength(7);
  expect(buildWith('components/without-guard').filter(isPolicy)).toEqual([]);
});

test.runIf(hasHelm)('the chart ships the guard where the API server has the kind, or is new enough', () => {
  const countPolicies = (...values: readonly string[]): number =>
    renderChart('zen-lead', 'zen-lead', ...values).filter(({ kind }) => kind === 'ValidatingAdmissionPolicy').length;
  const kind = 'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy';
  expect(countPolicies()).toBe(3);
  expect(countPolicies('--api-versions', 'v1/Pod', '--api-versions', kind)).toBe(3);
  expect(countPolicies('--api-versions', 'v1/Pod')).toBe(0);
  expect(countPolicies('--set', 'guard.enabled=false')).toBe(0);
});

test.runIf(hasHelm).each(['1e3', 'true', 'a: b', '0x1', 'a # b', '"', 'null'])(
  'the chart hands %j over as it is, as name of the cluster and as audience',
  (text) => {
    const values = join(mkdtempSync(join(work, 'values-')), 'values.json');
    writeFileSync(values, JSON.stringify({ clusterName: text, audience: text, bridge: { priorityClassName: text } }));
    const manifests = renderChart('zen-lead', 'zen-lead', '--values', values);
    for (const { args = [] } of listContainers(manifests)) expect(args).toContain(`--cluster-name=${text}`);
    expect(listContainers(manifests).flatMap(({ args = [] }) => args)).toContain(`--audience=${text}`);
    const [bridge] = manifests.filter(isWorkload).filter(({ metadata }) => metadata.name === 'zen-lead-bridge');
    expect(bridge?.spec.template.spec).toMatchObject({
      priorityClassName: text,
      volumes: [{ projected: { sources: [{ serviceAccountToken: { audience: text } }] } }],
    });
  },
);

test.runIf(hasHelm)('the chart takes a release and namespaces that YAML reads as numbers', () => {
  const manifests = renderChart('1e3', '0x1', '--set-string', 'namespaces={1e3}');
  for (const { metadata } of manifests) {
    expect(metadata.namespace ?? '0x1').toMatch(/^(0x1|1e3)$/);
    expect(metadata).toMatchObject({ labels: { 'app.kubernetes.io/instance': '1e3' } });
  }
  expect(manifests.map(({ metadata }) => metadata.namespace)).toContain('1e3');
});

test.runIf(hasKubectl).each([
  ['knative', 'knative'],
  ['kubernetes', 'deployments'],
  ['kubernetes/one', 'one'],
])('deploy/%s and the chart in mode %s ship the same NetworkPolicies', (path, mode) => {
  const shipped = readPolicies(build(join(deploy, path)));
  expect(Object.keys(shipped)).toHaveLength(mode === 'one' ? 1 : 2);
  expect(readPolicies(parseManifests(readFileSync(join(deploy, `helm/rendered/${mode}.yaml`), 'utf8')))).toEqual(
    shipped,
  );
});

test.runIf(hasKubectl)('the component events lets the functions reach the Broker, and the bridge nothing more', () => {
  const without = readPolicies(build(join(deploy, 'knative')));
  const { 'zen-lead-functions': functions, ...others } = readPolicies(buildWith('knative/components/events'));
  expect(others).toEqual({ 'zen-lead-bridge': without['zen-lead-bridge'] });
  expect(functions?.egress).toEqual([
    ...(without['zen-lead-functions']?.egress ?? []),
    {
      to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'knative-eventing' } } }],
      ports: [{ port: 8080, protocol: 'TCP' }],
    },
  ]);
});

test.runIf(hasKubectl && hasHelm)(
  'health checks open the pods to the half that watches, where they are asked for',
  () => {
    const toPods = { to: [{ namespaceSelector: {} }], ports: [{ protocol: 'TCP' }] };
    const { 'zen-lead-health-checks': added } = readPolicies(buildWith('components/health-checks'));
    expect(added).toMatchObject({ policyTypes: ['Egress'], egress: [toPods] });
    expect(readPolicies(build(join(deploy, 'knative')))).not.toHaveProperty('zen-lead-health-checks');
    const asked = readPolicies(renderChart('zen-lead', 'zen-lead', '--set', 'networkPolicy.healthChecks=true'));
    expect(asked['zen-lead-bridge']?.egress).toContainEqual(toPods);
    expect(asked['zen-lead-functions']?.egress).not.toContainEqual(toPods);
    expect(readPolicies(renderChart('zen-lead', 'zen-lead'))['zen-lead-bridge']?.egress).not.toContainEqual(toPods);
  },
);

test.runIf(hasKubectl)('verdicts from outside take a flag of the functions and the right to ask about rights', () => {
  const isRight = ({ kind, metadata: { name } }: Manifest): boolean =>
    kind === 'ClusterRole' && name.startsWith('zen-lead-verdicts');
  const flags = (manifests: readonly Manifest[]): readonly string[] =>
    listContainers(manifests).flatMap(({ args = [] }) => args.filter((arg) => arg === '--accept-verdicts'));
  const rendered = parseManifests(readFileSync(join(deploy, 'helm/rendered/reported.yaml'), 'utf8'));
  for (const manifests of [buildWith('components/verdicts'), rendered]) {
    const reviews = { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] };
    expect(manifests.filter(isRight).map(({ rules }) => rules)).toEqual([[reviews]]);
    expect(flags(manifests)).toHaveLength(1);
  }
  const plain = build(join(deploy, 'knative'));
  expect([...plain.filter(isRight), ...flags(plain)]).toEqual([]);
});

test.runIf(hasHelm)('the chart takes null for resources, where a LimitRange sets them', () => {
  const values = join(mkdtempSync(join(work, 'values-')), 'values.json');
  const halves = {
    bridge: { resources: null },
    functions: { resources: null },
    api: { enabled: true, resources: null },
  };
  writeFileSync(values, JSON.stringify(halves));
  for (const { resources } of listContainers(renderChart('zen-lead', 'zen-lead', '--values', values)))
    expect(resources ?? null).toBeNull();
});

test.runIf(hasHelm)('the chart opens the ports of a sink and of a collector only where they are configured', () => {
  const listPorts = (...values: readonly string[]): Readonly<Record<string, readonly number[]>> =>
    Object.fromEntries(
      Object.entries(readPolicies(renderChart('zen-lead', 'zen-lead', ...values))).map(([name, { egress }]) => [
        name.replace('zen-lead-', ''),
        egress.filter(({ to }) => to === undefined).flatMap(({ ports }) => (ports ?? []).map(({ port }) => port)),
      ]),
    );
  const always = [443, 6443, 53, 53];
  expect(listPorts()).toEqual({ bridge: always, functions: always });
  expect(listPorts('--set', 'eventsSink=http://events.example:9000/x')).toEqual({
    bridge: always,
    functions: [...always, 9000, 8080],
  });
  expect(
    listPorts('--set', 'deadLetterSink=https://letters.example', '--set', 'networkPolicy.sinkPodPorts=null'),
  ).toEqual({ bridge: [...always, 443], functions: always });
  const endpoint = ['name=OTEL_EXPORTER_OTLP_ENDPOINT', 'value=http://collector:4000'];
  expect(listPorts(...endpoint.flatMap((each) => ['--set', `bridge.extraEnv[0].${each}`]))).toEqual({
    bridge: [...always, 4318, 4000],
    functions: always,
  });
  expect(listPorts('--set', 'networkPolicy.apiServerPorts={16443}')).toEqual({
    bridge: [16443, 53, 53],
    functions: [16443, 53, 53],
  });
});

test.runIf(hasKubectl)('only the bridge gets a token for the functions, and the functions trust that account', () => {
  const manifests = build(join(deploy, 'knative'));
  const tokens = manifests
    .filter(isWorkload)
    .filter((manifest) => JSON.stringify(manifest.spec.template.spec.volumes ?? []).includes('serviceAccountToken'));
  expect(tokens.map(({ metadata }) => metadata.name)).toEqual(['zen-lead-bridge']);
  const [bridge] = tokens;
  const subject = `system:serviceaccount:${bridge?.metadata.namespace}:${bridge?.spec.template.spec.serviceAccountName}`;
  expect(listContainers(manifests).map(({ args }) => args)).toContainEqual([
    'functions',
    '--trusted-sender',
    subject,
    '--audience',
    'zen-lead',
  ]);
});

test.runIf(hasKubectl).each(['flow/knative', 'flow/kubernetes'])(
  'deploy/%s gives the token for its functions to its bridge alone, and they trust that account',
  (path) => {
    const manifests = build(join(deploy, path));
    const holding = manifests
      .filter(isWorkload)
      .filter(({ spec }) => JSON.stringify(spec.template.spec.volumes ?? []).includes('serviceAccountToken'));
    expect(holding.map(({ metadata }) => metadata.name)).toEqual(['zen-flow-bridge']);
    const subject = 'system:serviceaccount:zen-flow:zen-flow-bridge';
    const flags = ['--trusted-sender', subject, '--audience', 'zen-flow'];
    expect(listContainers(manifests).map(({ args }) => args)).toContainEqual(['functions', ...flags]);
  },
);

test.runIf(hasKubectl)(
  'deploy/flow and the chart give zen-flow the same rights, whether in one process or in two',
  () => {
    const rulesOf = (manifests: readonly Manifest[]): readonly string[] =>
      manifests
        .filter(({ kind, rules }) => kind === 'ClusterRole' && JSON.stringify(rules).includes('kube-zen.io'))
        .flatMap(({ rules = [] }) => rules)
        .flatMap(({ resources, verbs }) => resources.flatMap((each) => verbs.map((verb) => `${verb} ${each}`)));
    const [one, two, chart] = [
      build(join(deploy, 'flow/one')),
      build(join(deploy, 'flow/kubernetes')),
      parseManifests(readFileSync(join(deploy, 'helm/rendered/flows.yaml'), 'utf8')),
    ].map((manifests) => [...new Set(rulesOf(manifests))].sort());
    expect(two?.length).toBeGreaterThan(10);
    expect(chart).toEqual(two);
    // A process that watches needs no read of a list besides.
    expect(one?.filter((right) => !two?.includes(right))).toEqual([]);
    expect(two?.filter((right) => !one?.includes(right))).toEqual([]);
  },
);

test.runIf(hasKubectl).each(['knative', 'kubernetes', 'kubernetes/one'])(
  'the overlay of docs/how-to/install.md sets image, pull secret and flag on deploy/%s',
  (path) => {
    const page = readFileSync(join(deploy, '../docs/how-to/install.md'), 'utf8');
    const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block);
    const kustomization = blocks.find((block) => block.includes('kind: Kustomization')) ?? '';
    // Shown apart, for the same list.
    const flag = blocks.find((block) => block.includes('--log-level=debug')) ?? '';
    const name = path === 'kubernetes/one' ? 'zen-lead' : 'zen-lead-bridge';
    const directory = mkdtempSync(join(work, 'overlay-'));
    writeFileSync(
      join(directory, 'kustomization.yaml'),
      kustomization.replace('../zen-lead/deploy/knative', relative(directory, join(deploy, path))) +
        flag.replace('name: zen-lead-bridge', `name: ${name}`),
    );
    const manifests = build(directory);
    const accounts = manifests.filter(({ kind }) => kind === 'ServiceAccount');
    expect(accounts.length).toBeGreaterThan(0);
    for (const account of accounts) expect(account).toMatchObject({ imagePullSecrets: [{ name: 'registry' }] });
    const containers = listContainers(manifests);
    expect(new Set(containers.map(({ image }) => image))).toEqual(new Set(['REGISTRY/zen-lead:0.1.0']));
    expect(containers.flatMap(({ args = [] }) => args).filter((arg) => arg === '--log-level=debug')).toHaveLength(1);
  },
);

/** As docs/how-to/install.md#settings-in-a-configmap says. */
function buildConfigured(path: string): readonly Manifest[] {
  const directory = mkdtempSync(join(work, 'overlay-'));
  const from = (each: string) => relative(directory, join(deploy, each));
  const halves = ['bridge', 'functions', 'run'];
  for (const half of halves) writeFileSync(join(directory, `${half}.yaml`), 'log-level: debug\n');
  const files = halves.map((half) => `${half}.yaml`);
  const kustomization = {
    resources: [from(path)],
    components: [from('components/config')],
    configMapGenerator: [{ name: 'zen-lead-config', namespace: 'zen-lead', files }],
  };
  writeFileSync(join(directory, 'kustomization.yaml'), JSON.stringify(kustomization));
  return build(directory);
}

function renderConfigured(mode: string): readonly Manifest[] {
  const halves = ['bridge', 'functions', 'flow.bridge', 'flow.functions', 'flow.webhooks'];
  const values = [`mode=${mode}`, 'flow.enabled=true', 'flow.webhooks.enabled=true'];
  const settings = [...values, ...halves.map((half) => `${half}.config.log-level=debug`)];
  return renderChart('zen-lead', 'zen-lead', ...settings.flatMap((each) => ['--set', each]));
}

interface PolicySpec {
  readonly egress: readonly {
    readonly to?: readonly object[];
    readonly ports?: readonly { readonly port: number }[];
  }[];
}

/** Returns what each NetworkPolicy says, by its name. */
function readPolicies(manifests: readonly Manifest[]): Readonly<Record<string, PolicySpec>> {
  return Object.fromEntries(
    manifests
      .filter((manifest): manifest is Manifest & { readonly spec: PolicySpec } => manifest.kind === 'NetworkPolicy')
      .map(({ metadata, spec }) => [metadata.name, spec]),
  );
}
