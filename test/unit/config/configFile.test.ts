import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfigFile } from '../../../lib/config/configFile.ts';
import { configPathOf, parseCommandLine } from '../../../lib/config/parseCommandLine.ts';
import { zenFlow } from '../../../lib/config/program.ts';
import { codeOf } from '../../../lib/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'zen-lead-config-'));

/** Reads `text` as the file of a bridge, whose sink is given by its flag. */
async function readBridge(text: string, { args = ['--sink', 'http://f'], environment = {}, command = 'bridge' } = {}) {
  const path = join(folder, 'zen-lead.yaml');
  writeFileSync(path, text);
  const line = parseCommandLine([command, ...args, '--config', path], environment, await readConfigFile(path));
  return line.kind === 'command' ? line.values : line;
}

async function refusalOf(text: string, command = 'bridge'): Promise<string> {
  const args = command === 'bridge' ? ['--sink', 'http://f'] : [];
  const error: unknown = await readBridge(text, { args, command }).catch((one: unknown) => one);
  expect(codeOf(error)).toBe('CONFIG_INVALID');
  return (error as Error).message.replaceAll(folder, '');
}

describe('a file of settings', () => {
  it('gives every kind of setting under the name of its flag', async () => {
    const text = `
# of the bridge
cluster-name: east
namespace: [a, b]
port: 9000
resync-interval-ms: "60000"
no-lease: true
probe-host-network: false
dead-letter-sink: http://letters/a
log-level: debug
`;
    expect(await readBridge(text)).toMatchObject({
      clusterName: 'east',
      namespaces: ['a', 'b'],
      port: 9000,
      resyncIntervalMs: 60_000,
      noLease: true,
      probeHostNetwork: false,
      deadLetterSink: 'http://letters/a',
      logLevel: 'debug',
    });
  });

  it('gives a required setting, and a list of one as a text', async () => {
    const values = await readBridge('sink: http://functions\nnamespace: a\n', { args: [] });
    expect(values).toMatchObject({ sink: 'http://functions/', namespaces: ['a'] });
  });

  it('loses against a variable and a flag', async () => {
    const text = 'port: 1\nlog-level: debug\nlease-name: of-file\n';
    const args = ['--sink', 'http://f', '--port', '3'];
    const values = await readBridge(text, { args, environment: { PORT: '2', LOG_LEVEL: 'warn' } });
    expect(values).toMatchObject({ port: 3, logLevel: 'warn', leaseName: 'of-file' });
  });

  it.each(['', '# nothing\n', '{}', '---\n', 'port:\nkubeconfig: ""\nnamespace: []\n'])(
    'leaves the defaults where it holds no value: %j',
    async (text) => {
      expect(await readBridge(text)).toMatchObject({ port: 8081, kubeconfig: undefined, namespaces: [] });
    },
  );

  it.each([
    ['port: 1\nresync-interval: 5\n', '/zen-lead.yaml:2: resync-interval: is no setting of zen-lead bridge; it takes'],
    ['trusted-sender: x\n', '/zen-lead.yaml:1: trusted-sender: is no setting of zen-lead bridge'],
    ['config: other.yaml\n', '/zen-lead.yaml:1: config: is no setting of zen-lead bridge'],
    ['help: true\n', '/zen-lead.yaml:1: help: is no setting of zen-lead bridge'],
    ['1: x\n', '/zen-lead.yaml:1: 1: is no setting of zen-lead bridge'],
    ['\nport: 70000\n', '/zen-lead.yaml:2: port: "70000" is not a whole number from 0 to 65535 (TCP port)'],
    ['port: 1.5\n', '/zen-lead.yaml:1: port: "1.5" is not a whole number'],
    ['port: true\n', '/zen-lead.yaml:1: port: true is a boolean; write a text, in quotes'],
    ['port: [1]\n', '/zen-lead.yaml:1: port: takes one value, not a list'],
    ['cluster-name: 1.10\n', '/zen-lead.yaml:1: cluster-name: 1.1 is a number; write a text, in quotes'],
    ['namespace: [a, 7]\n', '/zen-lead.yaml:1: namespace: 7 is a number; write a text, in quotes'],
    ['namespace: [a, B]\n', '/zen-lead.yaml:1: namespace: "B" is not a name of a namespace'],
    ['namespace: [a, [b]]\n', '/zen-lead.yaml:1: namespace: is not a text, a number, true, false or a list of such'],
    ['port: {a: 1}\n', '/zen-lead.yaml:1: port: is not a text, a number, true, false or a list of such'],
    ['no-lease: "true"\n', '/zen-lead.yaml:1: no-lease: "true" is neither true nor false, without quotes'],
    ['no-lease: [true]\n', '/zen-lead.yaml:1: no-lease: [true] is neither true nor false, without quotes'],
    ['port: &p 1\nlease-name: *p\n', '/zen-lead.yaml:2: lease-name: is not a text'],
    ['port: 1\nport: 2\n', '/zen-lead.yaml:2: is not YAML: Map keys must be unique'],
    ['port: 1\n  x: 2\n', '/zen-lead.yaml:1: is not YAML'],
    ['a: 1\n---\nb: 2\n', '/zen-lead.yaml:2: is not YAML'],
    ['- port\n', '/zen-lead.yaml:1: is not a mapping, as "log-level: debug" is one'],
    ['port\n', '/zen-lead.yaml:1: is not a mapping'],
    [`# ${'x'.repeat(65_536)}`, '/zen-lead.yaml: has more than 65536 bytes'],
  ])('is refused with file, line and key: %j', async (text, message) => {
    expect(await refusalOf(text.slice(0, 70_000))).toContain(message);
  });

  it('is refused where it is not there', async () => {
    const error: unknown = await readConfigFile(join(folder, 'none.yaml')).catch((one: unknown) => one);
    expect(String(error)).toMatch(/--config: .*none\.yaml: cannot be read: ENOENT/);
  });

  it('is taken by the commands that run for long, and by no other', () => {
    expect(configPathOf(['functions', '--config', 'f.yaml'])).toBe('f.yaml');
    expect(configPathOf(['run'])).toBeUndefined();
    for (const command of ['run', 'bridge', 'functions', 'webhook'])
      expect(configPathOf([command, '--config', 'f.yaml'], zenFlow), command).toBe('f.yaml');
    expect(configPathOf([])).toBeUndefined();
    expect(configPathOf(['status', '--watch'])).toBeUndefined();
    expect(() => parseCommandLine(['status', '--config', 'f.yaml'], {})).toThrow('unknown option "--config"');
  });
});
