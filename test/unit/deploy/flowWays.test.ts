/**
 * Holds the webhooks of zen-flow in the chart against those of kustomize, the ways of running it
 * for some namespaces against those for all, and the component vpa against what it sizes.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  build,
  deploy,
  hasHelm,
  hasKubectl,
  isWorkload,
  listContainers,
  type Manifest,
  parseManifests,
  renderChart,
} from '../../support/deploy/readManifests.ts';

interface Webhook {
  readonly name: string;
  readonly failurePolicy: string;
  readonly timeoutSeconds: number;
  readonly clientConfig: { readonly service: { readonly path: string } };
  readonly namespaceSelector?: object;
  readonly rules: readonly object[];
}
interface Configuration extends Manifest {
  readonly metadata: Manifest['metadata'] & { readonly annotations?: Readonly<Record<string, string>> };
  readonly webhooks: readonly Webhook[];
}

const rendered = (name: string) => parseManifests(readFileSync(join(deploy, `helm/rendered/${name}.yaml`), 'utf8'));
const isConfiguration = (manifest: Manifest): manifest is Configuration =>
  manifest.kind.endsWith('WebhookConfiguration');
const configurations = (manifests: readonly Manifest[]) => manifests.filter(isConfiguration);
const named = (manifests: readonly Manifest[], kind: string, name: string): readonly Manifest[] =>
  manifests.filter((each) => each.kind === kind && each.metadata.name.startsWith(name));

/** Without the names, which a release chooses. */
const shapes = (manifests: readonly Manifest[]) =>
  configurations(manifests)
    .map(({ kind, webhooks }) => ({
      kind,
      webhooks: webhooks.map(({ clientConfig, ...rest }) => ({ ...rest, path: clientConfig.service.path })),
    }))
    .sort((a, b) => (a.kind < b.kind ? -1 : 1));

const rightsOfWebhook = (manifests: readonly Manifest[]): readonly string[] =>
  manifests
    .filter(({ kind, metadata }) => kind.endsWith('Role') && metadata.name.includes('webhook'))
    .flatMap(({ rules = [] }) => rules)
    .map(({ resources, verbs }) => `${verbs.join(' ')} ${resources.join(' ')}`)
    .sort();

describe('the webhooks of zen-flow in the chart', () => {
  const own = rendered('flows-checked');
  const certManager = rendered('flows-cert-manager');

  test.runIf(hasKubectl)('the chart asks for the reviews that deploy/flow/webhooks asks for', () => {
    const kustomize = build(join(deploy, 'flow/webhooks'));
    expect(shapes(own)).toEqual(shapes(kustomize));
    expect(rightsOfWebhook(own)).toEqual(rightsOfWebhook(kustomize));
    const [ours, theirs] = [own, kustomize].map((manifests) => {
      const container = listContainers(manifests).find(({ args }) => args?.includes('webhook'));
      const { args: _, image: _image, ...rest } = { imagePullPolicy: undefined, ...container };
      return { ...rest, imagePullPolicy: undefined };
    });
    expect(ours).toEqual(theirs);
  });

  test('with a certificate of its own, the webhook may write the configuration that it names', () => {
    const args = listContainers(own).find((each) => each.args?.includes('webhook'))?.args ?? [];
    const configuration = configurations(own)[0]?.metadata.name;
    expect(args).toContain(`--webhook-configuration=${configuration}`);
    expect(configurations(own).every(({ metadata }) => metadata.name === configuration)).toBe(true);
    expect(configurations(own).map(({ metadata }) => metadata.annotations)).toEqual([undefined, undefined]);
    expect(JSON.stringify(named(own, 'ClusterRole', configuration ?? ''))).toContain(
      `"resourceNames":["${configuration}"]`,
    );
    expect(configurations(own).flatMap(({ webhooks }) => webhooks.map((each) => each.failurePolicy))).toEqual([
      'Ignore',
      'Ignore',
    ]);
  });

  test('with cert-manager, it has no right on Secrets, and the certificate is for its Service', () => {
    const service = named(certManager, 'Service', 'zen-lead-flow-webhook')[0]?.metadata;
    const certificate = named(certManager, 'Certificate', '')[0];
    expect(JSON.stringify(certificate)).toContain(`"${service?.name}.${service?.namespace}.svc"`);
    const inject = {
      'cert-manager.io/inject-ca-from': `${certificate?.metadata.namespace}/${certificate?.metadata.name}`,
    };
    expect(configurations(certManager).map(({ metadata }) => metadata.annotations)).toEqual([inject, inject]);
    expect(JSON.stringify(certManager.filter(({ kind }) => kind.endsWith('Role')))).not.toMatch(/secrets|webhookconf/);
    expect(certManager.filter(({ kind }) => kind === 'ClusterRole')).toEqual([]);
  });

  test.runIf(hasKubectl)('with cert-manager, kustomize gives the rights that the chart gives', () => {
    const kustomize = build(join(deploy, 'flow/webhooks-cert-manager'));
    expect(rightsOfWebhook(kustomize)).toEqual(['create jobs']);
    expect(rightsOfWebhook(kustomize)).toEqual(rightsOfWebhook(certManager));
    const ofWebhook = (kind: string) => named(kustomize, kind, 'zen-flow-webhook').length;
    expect([ofWebhook('Role'), ofWebhook('RoleBinding'), ofWebhook('ClusterRoleBinding')]).toEqual([0, 0, 1]);
  });

  test.runIf(hasKubectl)('kustomize and the chart ship the same NetworkPolicy of the webhook', () => {
    const policyOf = (manifests: readonly Manifest[], name: string) =>
      JSON.parse(JSON.stringify(named(manifests, 'NetworkPolicy', name)).replaceAll(name, 'the webhook')).map(
        ({ spec }: { readonly spec: object }) => spec,
      );
    const shipped = policyOf(own, 'zen-lead-flow-webhook');
    expect(shipped).toMatchObject([{ ingress: [{ ports: [{ port: 8443 }] }] }]);
    expect(policyOf(build(join(deploy, 'flow/webhooks')), 'zen-flow-webhook')).toEqual(shipped);
  });

  test('Fail is of the validating webhook alone, and each namespace is named where rights are', () => {
    const list = configurations(certManager).flatMap(({ webhooks }) => webhooks);
    expect(list.map(({ name, failurePolicy, timeoutSeconds }) => [name, failurePolicy, timeoutSeconds])).toEqual(
      expect.arrayContaining([
        ['validate.workflow.kube-zen.io', 'Fail', 5],
        ['mutate.workflow.kube-zen.io', 'Ignore', 5],
      ]),
    );
    const values = ['team-a'];
    const matchExpressions = [{ key: 'kubernetes.io/metadata.name', operator: 'In', values }];
    for (const { namespaceSelector } of list) expect(namespaceSelector).toEqual({ matchExpressions });
  });

  test.runIf(hasHelm)('the chart refuses a policy and a certificate that there is not', () => {
    const set = (value: string) => () => renderChart('z', 'z', '--set', 'flow.enabled=true', '--set', value);
    expect(set('flow.webhooks.failurePolicy=Maybe')).toThrow(/failurePolicy/);
    expect(set('flow.webhooks.certificates=none')).toThrow(/certificates/);
    expect(set('flow.webhooks.timeoutSeconds=31')).toThrow(/timeoutSeconds/);
  });

  test('flow.eventsSink reaches the functions', () => {
    const functions = listContainers(own).find(
      ({ args }) => args?.[0] === 'functions' && args.includes('--audience=zen-flow'),
    );
    expect(functions?.args).toContain('--events-sink=http://listener.flows');
  });
});

interface Autoscaler extends Manifest {
  readonly spec: {
    readonly targetRef: { readonly kind: string; readonly name: string };
    readonly updatePolicy: { readonly minReplicas: number };
    readonly resourcePolicy: {
      readonly containerPolicies: readonly { readonly containerName: string; readonly minAllowed: object }[];
    };
  };
}

describe.runIf(hasKubectl)('the component vpa of zen-flow', () => {
  const isAutoscaler = (manifest: Manifest): manifest is Autoscaler => manifest.kind === 'VerticalPodAutoscaler';

  /** The overlay of docs/how-to/flows.md#size. */
  function buildSized(): readonly Manifest[] {
    const page = readFileSync(join(deploy, '../docs/how-to/flows.md'), 'utf8');
    const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block);
    const overlay = blocks.find((block) => block.includes('components/vpa')) ?? '';
    const directory = mkdtempSync(join(tmpdir(), 'zen-lead-sized-'));
    writeFileSync(join(directory, 'kustomization.yaml'), overlay.replaceAll('../deploy', relative(directory, deploy)));
    try {
      return build(directory);
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  test('sizes each Deployment, and gives no container less than its manifest does', () => {
    const manifests = buildSized();
    const workloads = manifests.filter(isWorkload);
    const autoscalers = manifests.filter(isAutoscaler);
    expect(workloads).toHaveLength(3);
    expect(autoscalers.map(({ spec }) => spec.targetRef.name).sort()).toEqual(
      workloads.map(({ metadata }) => metadata.name).sort(),
    );
    for (const { metadata, spec } of autoscalers) {
      const workload = workloads.find((each) => each.metadata.name === spec.targetRef.name);
      expect(metadata).toMatchObject({ name: workload?.metadata.name, namespace: workload?.metadata.namespace });
      expect(workload).toMatchObject({ spec: { replicas: spec.updatePolicy.minReplicas } });
      const [container] = workload?.spec.template.spec.containers ?? [];
      const [policy] = spec.resourcePolicy.containerPolicies;
      expect(container).toMatchObject({ name: policy?.containerName, resources: { requests: policy?.minAllowed } });
    }
  });

  test('is chosen: no way of running brings the kind', () => {
    for (const path of ['flow/kubernetes', 'flow/knative', 'flow/one', 'flow/webhooks'])
      expect(build(join(deploy, path)).filter(isAutoscaler)).toEqual([]);
  });
});

test.runIf(hasKubectl).each(['one', 'kubernetes', 'knative', 'rights'])(
  'deploy/flow/%s makes a namespace that takes restricted pods alone',
  (way) => {
    const namespaces = build(join(deploy, `flow/${way}`)).filter(({ kind }) => kind === 'Namespace');
    const labels = {
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/warn': 'restricted',
    };
    expect(namespaces).toMatchObject([{ metadata: { name: 'zen-flow', labels } }]);
  },
);

describe.runIf(hasKubectl)('zen-flow for its own namespace', () => {
  const rightsOf = (manifests: readonly Manifest[], kind: string) =>
    manifests
      .filter((each) => each.kind === kind)
      .flatMap(({ rules = [] }) => rules.map((rule) => JSON.stringify(rule)));

  test.each(['one', 'kubernetes', 'knative'])('deploy/flow/own-namespace/%s has Roles with the same rights', (way) => {
    const [own, all] = [`flow/own-namespace/${way}`, `flow/${way}`].map((path) => build(join(deploy, path)));
    if (own === undefined || all === undefined) throw new Error('not built');
    expect(own.filter(({ kind }) => kind.startsWith('Cluster'))).toEqual([]);
    expect(rightsOf(own, 'Role').sort()).toEqual([...rightsOf(all, 'Role'), ...rightsOf(all, 'ClusterRole')].sort());
    for (const role of own.filter(({ kind }) => kind === 'RoleBinding'))
      expect(own.filter(({ kind, metadata }) => kind === 'Role' && metadata.name === role.metadata.name)).toHaveLength(
        1,
      );
    const bridge = own.filter(isWorkload).find(({ metadata }) => /^zen-flow(-bridge)?$/.test(metadata.name));
    const variables = bridge?.spec.template.spec.containers[0]?.env?.map(({ name }) => name);
    expect(variables).toEqual(['WATCH_NAMESPACE']);
  });

  test('deploy/flow/namespace-rights is rights alone, for the accounts of zen-flow', () => {
    const manifests = build(join(deploy, 'flow/namespace-rights'));
    expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort()).toEqual([
      'Role zen-flow-watches',
      'Role zen-flow-writes',
      'RoleBinding zen-flow-watches',
      'RoleBinding zen-flow-writes',
    ]);
  });
});
