import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseFlowFile } from '../../../../cli/flow/readFlowFile.ts';
import { flowCommands } from '../../../../lib/config/flowCommands.ts';
import { zenFlow } from '../../../../lib/config/program.ts';
import { renderHelp } from '../../../../lib/config/renderHelp.ts';
import { aDirectory } from '../../../support/programs/aKubeconfig.ts';
import { typeFlowCommand } from '../../../support/programs/typeCommand.ts';

const root = resolve(import.meta.dirname, '../../../..');
const example = join(root, 'examples/flow/nightly-report.yaml');

function aFile(text: string): string {
  const file = join(aDirectory(), 'flow.yaml');
  writeFileSync(file, text);
  return file;
}

const head = 'apiVersion: workflow.kube-zen.io/v1alpha1\nkind: JobFlow\nmetadata: { name: f }\n';
const manual = (steps: string) => aFile(`${head}spec:\n  steps:\n${steps}`);

describe('examples/flow', () => {
  const files = globSync('examples/flow/*.yaml', { cwd: root });

  it.each(files)('%s has nothing wrong with it', async (file) => {
    const { flows, problems } = parseFlowFile(readFileSync(join(root, file), 'utf8'));
    expect([...problems, ...flows.flatMap((flow) => flow.problems)]).toEqual([]);
    expect(await typeFlowCommand('lint', join(root, file))).toMatchObject({ code: 0 });
  });

  it.each(files)('%s is used as its header says', async (file) => {
    const header = readFileSync(join(root, file), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('#'));
    const lines = header.flatMap((line) => /^#\s+npx zen-flow (.*)$/.exec(line)?.[1] ?? []);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const args = line.split(' ').map((word) => (word.startsWith('examples/') ? join(root, word) : word));
      expect(await typeFlowCommand(...args), line).toMatchObject({ code: 0, stderr: '' });
    }
  });
});

describe('zen-flow lint', () => {
  it('names each problem with line and column, as a compiler does', async () => {
    const file = aFile(
      `${head}spec:\n  parallelism: 0\n  steps:\n    - name: a\n      type: Manual\n      dependencies: [b]\n      tiemout: 5\n`,
    );
    const { code, stdout } = await typeFlowCommand('lint', file);
    expect(code).toBe(1);
    expect(stdout.trimEnd().split('\n')).toEqual([
      `${file}:5:16: error spec.parallelism: must be from 1 to 500, not 0`,
      `${file}:10:16: error spec.steps[0].tiemout: is not a field that zen-flow knows`,
    ]);
  });

  it('goes on to what does not fit together once each field can be read', async () => {
    const file = manual(
      '    - { name: a, type: Manual, dependencies: [b] }\n    - { name: b, type: Manual, dependencies: [a] }\n',
    );
    const { code, stdout } = await typeFlowCommand('lint', file);
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: `${file}:6:5: error spec.steps: dependencies go in a circle: a -> b -> a\n`,
    });
  });

  it('names the line of a text that is no YAML, and goes on with the next file', async () => {
    const broken = aFile('a: [1\nb: 2\n');
    const { code, stdout } = await typeFlowCommand('lint', broken, example);
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`^${broken}:\\d+:\\d+: error YAML: `));
    expect(stdout).toContain(`${example}: nightly-report: 7 steps and 2 after them, no errors\n`);
  });

  it('reads every JobFlow of a file and skips other objects', async () => {
    const one = `${head}spec: { steps: [{ name: a, type: Manual }] }\n`;
    const file = aFile(`apiVersion: v1\nkind: Namespace\nmetadata: { name: n }\n---\n${one}---\n${one}`);
    expect((await typeFlowCommand('lint', file)).stdout.trimEnd().split('\n')).toHaveLength(2);
    const none = aFile('kind: Namespace\n');
    expect(await typeFlowCommand('lint', none)).toMatchObject({ code: 1, stdout: `${none}: has no JobFlow\n` });
  });

  it('warns at the place of an image, and ends with 0', async () => {
    const container = '{ name: main, image: busybox }';
    const pod = `{ restartPolicy: Never, containers: [${container}] }`;
    const file = manual(`    - name: a\n      memoize: {}\n      template: { spec: { template: { spec: ${pod} } } }\n`);
    const { code, stdout } = await typeFlowCommand('lint', file);
    const [warning, end] = stdout.trimEnd().split('\n');
    const at = 'spec.steps[0].template.spec.template.spec.containers[0].image';
    expect(warning).toMatch(new RegExp(`^${file}:8:\\d+: warning ${at.replaceAll(/[[\].]/g, '\\$&')}: has no digest`));
    expect({ code, end }).toEqual({ code: 0, end: `${file}: f: 1 step, no errors` });
  });

  it.each(['List', 'JobFlowList'])('reads each flow of a %s, and names the item of a fault', async (kind) => {
    const flow = (name: string, step: object) => ({
      ...{ apiVersion: 'workflow.kube-zen.io/v1alpha1', kind: 'JobFlow', metadata: { name } },
      spec: { steps: [step] },
    });
    const good = flow('good', { name: 'a', type: 'Manual' });
    const bad = flow('bad', { name: 'a', type: 'Manual', dependencies: ['b'] });
    const items = [{ kind: 'Namespace' }, null, good, { kind: 'List', items: [bad] }];
    const file = aFile(`kind: ${kind}\nitems:\n${items.map((item) => `  - ${JSON.stringify(item)}\n`).join('')}`);
    const { code, stdout } = await typeFlowCommand('lint', file);
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: expect.stringMatching(
        /:6:\d+: error items\[3\]\.items\[0\]\.spec\.steps\[0\]\.dependencies\[0\]: "b": there is no such step\n$/,
      ),
    });
    const sound = aFile(JSON.stringify({ kind, items: [good] }));
    expect(await typeFlowCommand('graph', sound)).toMatchObject({ code: 0, stdout: '  1  a  asks a person\n' });
    const itself = aFile(`&l\nkind: ${kind}\nitems: [*l, *l]\n`);
    expect((await typeFlowCommand('lint', itself)).stdout).toBe(`${itself}: has no JobFlow\n`);
  });

  it('checks what the API server would refuse, or kubectl', () => {
    const messagesOf = (text: string) =>
      parseFlowFile(text).flows.flatMap(({ problems }) =>
        problems.map(({ severity, path, message }) => `${severity} ${path}: ${message}`),
      );
    const spec = 'spec: { steps: [{ name: a, type: Manual }] }\n';
    expect(messagesOf(`apiVersion: v1\nkind: JobFlow\n${spec}`)).toEqual([
      'error apiVersion: must be workflow.kube-zen.io/v1alpha1',
      'error metadata.name: is missing',
    ]);
    const long = head.replace('name: f', `name: ${'f'.repeat(64)}`);
    expect(messagesOf(`${long}${spec}`)).toEqual([
      'error metadata.name: has 64 characters; 63 are allowed, because it is a label',
    ]);
    const steps = (count: number) =>
      Array.from(
        { length: count },
        (_, index) => `{ name: s${index}, type: Manual, message: "${'m'.repeat(1_000)}" }`,
      ).join();
    expect(messagesOf(`${head}spec: { steps: [${steps(300)}] }`)).toEqual([
      'warning spec: is too large for kubectl apply, which copies it into an annotation; use --server-side',
    ]);
    expect(messagesOf(`${head}spec: { steps: [${steps(600)}] }`)).toEqual([
      expect.stringMatching(/^error spec: has \d+ bytes; 524288 are allowed\. Share Jobs in spec\.templates$/),
    ]);
  });
});

describe('zen-flow simulate', () => {
  it('prints a timeline and the end', async () => {
    const { stdout } = await typeFlowCommand(
      'simulate',
      example,
      '--outcome',
      'extract-shop=fail,ok',
      '--duration',
      'extract-orders=5m',
      '--approve',
      'look',
    );
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.trim().replaceAll(/ +/g, ' ')),
    ).toEqual([
      'reports/nightly-report: 7 steps and 2 after them',
      '0:00 extract-orders Running',
      '0:00 extract-shop Running',
      '0:10 extract-shop Pending Backoff, attempt 2',
      '0:40 extract-shop Running attempt 2',
      '0:50 extract-shop Succeeded attempt 2',
      '5:00 extract-orders Succeeded',
      '5:00 join Running',
      '5:10 join Succeeded',
      '5:10 look PendingApproval',
      '5:10 statistics Running',
      '5:20 statistics Succeeded',
      '5:20 look Succeeded Approved',
      '5:20 send Running',
      '5:30 send Succeeded',
      '5:30 send-to-board Running',
      '5:40 send-to-board Succeeded',
      '5:40 alarm Skipped WhenFalse',
      '5:40 remove-scratch Running',
      '5:50 remove-scratch Succeeded',
      'Succeeded after 5:50',
    ]);
  });

  it('says what is waited for where nothing leads on', async () => {
    const file = manual('    - { name: ask, type: Manual }\n    - { name: then, type: Manual, dependencies: [ask] }\n');
    expect((await typeFlowCommand('simulate', file)).stdout.trimEnd().split('\n').slice(-3)).toEqual([
      'ask waits for a person: annotation approved.workflow.kube-zen.io/ask: "true" or "false"',
      'then waits for ask',
      'Paused since 0:00: nothing in the plan leads on',
    ]);
  });

  it('is a test of a flow with --expect', async () => {
    const args = ['simulate', example, '--outcome', 'send=fail:3', '--approve', 'look', '--expect'];
    expect(await typeFlowCommand(...args, 'Failed')).toMatchObject({ code: 0, stderr: '' });
    expect(await typeFlowCommand(...args, 'Succeeded')).toMatchObject({
      code: 1,
      stderr: 'zen-flow: expected Succeeded, and the flow is Failed\n',
    });
  });

  it('gives data to programs', async () => {
    const { stdout } = await typeFlowCommand('simulate', example, '--reject', 'look', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      phase: 'Failed',
      reason: 'Rejected',
      endedAtMs: 40_000,
      timeline: expect.arrayContaining([
        { at: 30_000, step: 'look', from: 'PendingApproval', to: 'Failed', reason: 'Rejected', attempt: 1 },
      ]),
      waiting: [],
    });
  });

  it.each([
    [['--outcome', 'nobody=ok'], '--outcome: "nobody" is not a Job step of this flow; those are extract-orders, '],
    [['--outcome', 'send=maybe'], '--outcome: "send=maybe" is not STEP=ok,fail,fail:CODE,timeout'],
    [['--outcome', 'send'], '--outcome: "send" is not STEP=ok,fail,fail:CODE,timeout'],
    [['--duration', 'send=long'], '--duration: "send=long" is not STEP=SPAN, as build=5m'],
    [['--approve', 'send'], '--approve: "send" is not a Manual step of this flow; those are look'],
  ])('refuses a plan that does not fit the flow: %j', async (flags, says) => {
    const { code, stderr } = await typeFlowCommand('simulate', example, ...flags);
    expect({ code, says: stderr.slice(0, says.length) }).toEqual({ code: 2, says });
  });

  it('refuses a file without one sound flow', async () => {
    const wrong = manual('    - { name: a, type: Manual, dependencies: [a] }\n');
    expect(await typeFlowCommand('simulate', wrong)).toMatchObject({
      code: 2,
      stderr: `${wrong}:6:47 spec.steps[0].dependencies[0]: step "a" depends on itself`,
    });
    const none = aFile('kind: Namespace\n');
    expect((await typeFlowCommand('graph', none)).stderr).toBe(`${none}: has no JobFlow`);
    const one = `${head}spec: { steps: [{ name: a, type: Manual }] }\n`;
    const two = aFile(`${one}---\n${one}`);
    expect((await typeFlowCommand('graph', two)).stderr).toBe(`${two}: has 2 JobFlows; one is expected`);
  });
});

describe('zen-flow graph', () => {
  const aRun = () =>
    aFile(
      JSON.stringify({
        apiVersion: 'workflow.kube-zen.io/v1alpha1',
        kind: 'JobFlow',
        metadata: { name: 'nightly', namespace: 'data' },
        spec: {
          steps: [
            { name: 'a', type: 'Manual' },
            { name: 'b', type: 'Manual', dependencies: ['a'], when: "'<' != '</text>'" },
          ],
        },
        status: {
          phase: 'Failed',
          reason: 'Rejected',
          startTime: '2026-01-01T00:00:00Z',
          completionTime: '2026-01-01T00:01:00Z',
          steps: [
            {
              name: 'a',
              phase: 'Failed',
              reason: 'Rejected',
              startTime: '2026-01-01T00:00:30Z',
              completionTime: '2026-01-01T00:01:00Z',
            },
            { name: 'b', phase: 'Skipped', reason: 'UpstreamFailed' },
          ],
        },
      }),
    );

  it('draws a block for each depth', async () => {
    expect((await typeFlowCommand('graph', example)).stdout.split('\n')).toEqual([
      '  1  extract-orders',
      '     extract-shop    up to 4 attempts',
      '  2  join            after extract-orders, extract-shop',
      '  3  look            after join; asks a person',
      '     statistics      after join; may fail',
      '  4  send            after look, statistics',
      "  5  send-to-board   after send; when params.audience == 'management'",
      'finally',
      "  1  alarm           when steps['send'].phase != 'Succeeded'",
      '     remove-scratch',
      '',
    ]);
  });

  it('draws a condition of several lines in one', async () => {
    const file = manual(`    - { name: ask, type: Manual, when: "1 == 1\\n  || false\\n" }\n`);
    expect((await typeFlowCommand('graph', file)).stdout).toBe('  1  ask  asks a person; when 1 == 1 || false\n');
    const { stdout } = await typeFlowCommand('graph', file, '-o', 'mermaid');
    expect(stdout).toBe('flowchart LR\n  s0{{"ask<br>when 1 == 1 || false"}}\n');
  });

  it('draws Mermaid, in which no text ends its node', async () => {
    const file = manual(`    - { name: ask, type: Manual, when: '"a" != "<b>#"' }\n`);
    expect((await typeFlowCommand('graph', file, '-o', 'mermaid')).stdout).toBe(
      'flowchart LR\n  s0{{"ask<br>when #34;a#34; != #34;#60;b#62;#35;#34;"}}\n',
    );
    const { stdout } = await typeFlowCommand('graph', example, '--output', 'mermaid');
    expect(stdout).toContain('  subgraph finally\n    s7["alarm<br>when');
    expect(stdout).toContain('  s0 --> s2\n  s1 --> s2\n');
  });

  it('draws what has happened as text and as Mermaid, in the colours of the page', async () => {
    expect((await typeFlowCommand('graph', aRun())).stdout.split('\n')).toEqual([
      '  1  a  asks a person; Failed Rejected in 30s',
      "  2  b  after a; asks a person; when '<' != '</text>'; Skipped UpstreamFailed",
      '',
    ]);
    expect((await typeFlowCommand('graph', aRun(), '-o', 'mermaid')).stdout.split('\n')).toEqual([
      'flowchart LR',
      '  s0{{"a<br>Failed Rejected in 30s"}}',
      `  s1{{"b<br>when '#60;' != '#60;/text#62;'<br>Skipped UpstreamFailed"}}`,
      '  s0 --> s1',
      '  classDef Failed fill:#f8cfcb,color:#202124',
      '  class s0 Failed',
      '  classDef Skipped fill:#f3f3f3,color:#202124',
      '  class s1 Skipped',
      '',
    ]);
  });

  it('draws a page with what has happened, and no name ends its text', async () => {
    const { stdout } = await typeFlowCommand('graph', aRun(), '-o', 'html');
    expect(stdout).toContain('<h1>data/nightly: Failed, Rejected</h1>');
    expect(stdout).toContain('margin-left:50.0%;width:50.0%');
    expect(stdout).toContain('<td>Skipped UpstreamFailed</td>');
    expect(stdout).not.toMatch(/<script|https?:|'<\//);
    const before = await typeFlowCommand('graph', example, '-o', 'html');
    expect(before).toMatchObject({ code: 0, stdout: expect.stringContaining('asks a person') });
  });
});

describe('zen-flow --help', () => {
  it.each([null, ...Object.keys(flowCommands)])('fits 80 columns (%s)', (name) => {
    const help = renderHelp(name, zenFlow);
    expect(help).toContain('zen-flow');
    expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});
