import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type CommandLine, parseCommandLine, type Values } from '../../../lib/config/parseCommandLine.ts';
import { codeOf } from '../../../lib/errors.ts';

function parseRun(args: readonly string[], environment = {}): Values<'run'> {
  return valuesOf('run', parseCommandLine(['run', ...args], environment));
}

function parseBridge(args: readonly string[], environment = {}): Values<'bridge'> {
  return valuesOf('bridge', parseCommandLine(['bridge', ...args], environment));
}

function valuesOf<Name extends 'run' | 'bridge'>(name: Name, line: CommandLine): Values<Name> {
  if (line.kind !== 'command' || line.name !== name) throw new Error(`parsed as ${JSON.stringify(line)}`);
  // The caller named the command; narrowing a generic by a comparison is beyond the type system.
  return line.values as Values<Name>;
}

describe('flags, variables and defaults', () => {
  it('takes the default where nothing is given', () => {
    expect(parseRun([])).toMatchObject({
      clusterName: 'kubernetes',
      port: 8081,
      namespaces: [],
      logLevel: 'info',
      kubeconfig: undefined,
      host: undefined,
    });
    expect(parseBridge(['--sink', 'http://f']).ceOverrides).toEqual({});
  });

  it('takes the variable over the default, and the flag over the variable', () => {
    expect(parseRun([], { PORT: '9000' }).port).toBe(9000);
    expect(parseRun(['--port', '9001'], { PORT: '9000' }).port).toBe(9001);
  });

  it('takes an empty variable as absent', () => {
    expect(parseRun([], { PORT: '', LOG_LEVEL: '' })).toMatchObject({ port: 8081, logLevel: 'info' });
  });

  it('collects a flag that may be repeated, in order', () => {
    expect(parseRun(['--namespace', 'a', '--namespace=b']).namespaces).toEqual(['a', 'b']);
  });

  it('takes a list in a variable with commas between, and checks each of them', () => {
    expect(parseRun([], { WATCH_NAMESPACE: 'team-a,team-b' }).namespaces).toEqual(['team-a', 'team-b']);
    expect(parseRun(['--namespace', 'c'], { WATCH_NAMESPACE: 'team-a' }).namespaces).toEqual(['c']);
    expect(() => parseRun([], { WATCH_NAMESPACE: 'team-a,' })).toThrow('$WATCH_NAMESPACE: is empty');
  });

  it('keeps what $KUBECONFIG names apart from --kubeconfig, because the cluster it runs in stands between them', () => {
    const values = parseRun([], { KUBECONFIG: '/k', KUBERNETES_SERVICE_HOST: '10.96.0.1' });
    expect(values).toMatchObject({
      kubeconfig: undefined,
      kubeconfigVariable: '/k',
      kubernetesServiceHost: '10.96.0.1',
      kubernetesServicePort: '443',
    });
  });

  it('reads the sink and the overrides that a SinkBinding sets', () => {
    const values = parseBridge([], { K_SINK: 'http://functions', K_CE_OVERRIDES: '{"extensions":{"team":"a"}}' });
    expect(values.sink).toBe('http://functions/');
    expect(values.ceOverrides).toEqual({ team: 'a' });
  });

  it('takes overrides that an event has room for, and sinks with a path', () => {
    const extensions = { note: 'é😀'.repeat(100), team: '' };
    const environment = { K_SINK: 'http://f/a/b?c=d', K_CE_OVERRIDES: JSON.stringify({ extensions }) };
    expect(parseBridge([], environment)).toMatchObject({ sink: 'http://f/a/b?c=d', ceOverrides: extensions });
  });

  it('takes names that objects can have', () => {
    const args = ['--namespace', '0-a', '--lease-name', 'a.b-c.0', '--lease-namespace', 'a'.repeat(63)];
    expect(parseRun(args)).toMatchObject({ namespaces: ['0-a'], leaseName: 'a.b-c.0', leaseNamespace: 'a'.repeat(63) });
    const subject = 'system:serviceaccount:zen-lead:zen-lead.bridge';
    expect(parseCommandLine(['functions', '--trusted-sender', subject], {})).toMatchObject({
      values: { trustedSender: subject },
    });
  });

  it('takes a bundle of certificates with text around them, and none of which one is cut off', () => {
    const cert = readFileSync(new URL('../../fixtures/certificates/after.crt', import.meta.url), 'utf8');
    const bundle = `# ours\n${cert}# theirs\r\n${cert.replaceAll('\n', '\r\n')}`;
    expect(parseRun([], { K_CA_CERTS: bundle }).caCerts).toBe(bundle);
    expect(() => parseRun([], { K_CA_CERTS: bundle.slice(0, -40) })).toThrowError('$K_CA_CERTS: ');
  });

  it('accepts port 0, any free port', () => {
    expect(parseRun(['--port', '0']).port).toBe(0);
  });
});

describe('operands and one-letter flags', () => {
  const valuesOfLine = (...args: readonly string[]): unknown => {
    const line = parseCommandLine(args, {});
    return line.kind === 'command' ? line.values : line;
  };

  it('takes operands by their place, a list all that are left, between flags too', () => {
    expect(valuesOfLine('explain', 'shop/db')).toMatchObject({ service: 'shop/db', output: 'text' });
    expect(valuesOfLine('replay', 'a', '--all', '-', 'b')).toMatchObject({ files: ['a', '-', 'b'], all: true });
    expect(valuesOfLine('record')).toMatchObject({ file: '-' });
    expect(valuesOfLine('replay', '--', '--odd-name')).toMatchObject({ files: ['--odd-name'] });
  });

  it('takes one letter for a flag that has one', () => {
    expect(valuesOfLine('status', '-o', 'json', '-w', '-n', 'a')).toMatchObject({
      output: 'json',
      watch: true,
      namespaces: ['a'],
    });
    expect(valuesOfLine('status', '-ojson')).toMatchObject({ output: 'json' });
  });
});

describe('help and version', () => {
  it.each([
    { args: [], command: null },
    { args: ['--help'], command: null },
    { args: ['-h'], command: null },
    { args: ['help', 'run'], command: 'run' },
    { args: ['run', '--help'], command: 'run' },
    // Help for a command must not need what the command needs.
    { args: ['bridge', '-h'], command: 'bridge' },
  ])('answers $args with help', ({ args, command }) => {
    expect(parseCommandLine(args, {})).toEqual({ kind: 'help', command });
  });

  it('answers --version', () => {
    expect(parseCommandLine(['--version'], {})).toEqual({ kind: 'version' });
  });
});

describe('what cannot be read', () => {
  it.each<{ args: readonly string[]; environment?: Record<string, string>; says: string }>([
    { args: ['walk'], says: 'unknown command "walk"; the commands are demo, run, bridge, functions' },
    { args: ['--verbose'], says: 'unknown option "--verbose"' },
    { args: ['toString'], says: 'unknown command "toString"' },
    {
      args: ['run', '--ports', '1'],
      says: 'unknown option "--ports"; zen-lead run takes --help, --config, --kubeconfig',
    },
    { args: ['run', '-p'], says: 'unknown option "-p"' },
    { args: ['run', 'extra'], says: 'takes no operand, but was given "extra"' },
    { args: ['run', '--port'], says: '--port: a value must follow' },
    { args: ['run', '--kubeconfig', '--port', '1'], says: '--kubeconfig: a value must follow' },
    { args: ['run', '--port', '1', '--port', '2'], says: '--port: is given 2 times' },
    { args: ['run', '--node-check-port', '0'], says: '--node-check-port: "0" is not a TCP port of a node' },
    { args: ['run', '--port', '65536'], says: '--port: "65536" is not a whole number from 0 to 65535 (TCP port)' },
    { args: ['run', '--port', '1e3'], says: '--port: "1e3" is not a whole number' },
    { args: ['run', '--port', '-1'], says: '--port: "-1" is not a whole number' },
    { args: ['run', '--port='], says: '--port: "" is not a whole number' },
    { args: ['run'], environment: { PORT: 'http' }, says: '$PORT: "http" is not a whole number' },
    { args: ['run', '--namespace', ' '], says: '--namespace: is empty' },
    { args: ['run', '--namespace', 'Bad_NS'], says: '--namespace: "Bad_NS" is not a name of a namespace' },
    {
      args: ['run', '--namespace', 'a', '--namespace', 'a.b'],
      says: '--namespace: "a.b" is not a name of a namespace',
    },
    { args: ['run', '--namespace', 'a'.repeat(64)], says: 'is not a name of a namespace: up to 63' },
    { args: ['status', '-n', '../x'], says: '--namespace: "../x" is not a name of a namespace' },
    { args: ['run', '--lease-name', 'Bad_NS'], says: '--lease-name: "Bad_NS" is not a name of an object' },
    { args: ['run', '--lease-name', 'a..b'], says: '--lease-name: "a..b" is not a name of an object' },
    { args: ['run', '--lease-name', 'a'.repeat(254)], says: 'is not a name of an object: up to 253' },
    { args: ['run', '--lease-namespace', '../x'], says: '--lease-namespace: "../x" is not a name of a namespace' },
    { args: ['run'], environment: { POD_NAMESPACE: 'A' }, says: '$POD_NAMESPACE: "A" is not a name of a namespace' },
    {
      args: ['functions', '--trusted-sender', 'bob'],
      says: '--trusted-sender: "bob" is not a user name of a service account',
    },
    {
      args: ['functions', '--trusted-sender', 'system:serviceaccount:a:b:c'],
      says: 'system:serviceaccount:NAMESPACE:NAME',
    },
    {
      args: ['run'],
      environment: { K_CA_CERTS: 'nonsense' },
      says: '$K_CA_CERTS: "nonsense" is not a PEM text with certificates',
    },
    {
      args: ['run'],
      environment: { K_CA_CERTS: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
      says: 'is not a PEM text with certificates that can be read',
    },
    {
      args: ['run', '--log-level', 'loud'],
      says: '--log-level: "loud" is not one of debug, info, warn, error, silent',
    },
    { args: ['demo', '--keep=yes'], says: '--keep: takes no value' },
    { args: ['replay'], says: 'zen-lead replay needs FILE...' },
    { args: ['explain'], says: 'zen-lead explain needs NAMESPACE/SERVICE' },
    { args: ['pin', 'a/b', 'c'], says: 'zen-lead pin takes no more than NAMESPACE/SERVICE, but was given "c"' },
    { args: ['completion', 'tcsh'], says: 'SHELL: "tcsh" is not one of bash, zsh, fish' },
    { args: ['status', '-o', 'xml'], says: '--output: "xml" is not one of table, wide, json, yaml' },
    { args: ['bridge'], says: 'zen-lead bridge needs --sink URL or $K_SINK' },
    { args: ['bridge', '--sink', 'functions:80'], says: '--sink: "functions:80" is not an http:// or https:// URL' },
    {
      args: ['bridge', '--sink', 'http://f'],
      environment: { K_CE_OVERRIDES: '{' },
      says: '$K_CE_OVERRIDES: is not JSON',
    },
    {
      args: ['bridge', '--sink', 'http://f'],
      environment: { K_CE_OVERRIDES: '5' },
      says: '$K_CE_OVERRIDES: accepted is {"extensions":{"name":"value"}}',
    },
    {
      args: ['bridge', '--sink', 'http://f'],
      environment: { K_CE_OVERRIDES: '[]' },
      says: '$K_CE_OVERRIDES: accepted is {"extensions":{"name":"value"}}',
    },
    {
      args: ['bridge', '--sink', 'http://f'],
      environment: { K_CE_OVERRIDES: '{"extensions":[]}' },
      says: '$K_CE_OVERRIDES: accepted is {"extensions":{"name":"value"}}',
    },
    {
      args: ['bridge', '--sink', 'http://f'],
      environment: { K_CE_OVERRIDES: '{"extensions":null}' },
      says: '$K_CE_OVERRIDES: accepted is {"extensions":{"name":"value"}}',
    },
    {
      args: ['bridge', '--sink', 'http://f'],
      environment: { K_CE_OVERRIDES: '{"extensions":{"Team":"a"}}' },
      says: '$K_CE_OVERRIDES: Team: accepted is {"extensions":{"name":"value"}}',
    },
    {
      args: ['bridge', '--sink', 'http://f'],
      environment: { K_CE_OVERRIDES: JSON.stringify({ extensions: { team: 'a', note: 'x'.repeat(5_000) } }) },
      says: '$K_CE_OVERRIDES: note: the attributes take 5022 bytes with it, and 1024 are accepted in all',
    },
    ...['a\u0007', 'a\nb', '\u007f', '\ufffe', '\ud800'].map((note) => ({
      args: ['functions'],
      environment: { K_CE_OVERRIDES: JSON.stringify({ extensions: { team: 'a', note } }) },
      says: '$K_CE_OVERRIDES: note: has control characters, noncharacters or unpaired surrogates',
    })),
    { args: ['bridge', '--sink', 'http://me:secret@f/x'], says: '--sink: holds a user name or password' },
    { args: ['run', '--events-sink', 'http://me@f'], says: '--events-sink: holds a user name or password' },
  ])('refuses $args: $says', ({ args, environment = {}, says }) => {
    const attempt = () => parseCommandLine(args, environment);
    expect(attempt).toThrowError(says);
    expect(attempt).toThrowError(expect.toSatisfy((error: unknown) => codeOf(error) === 'CONFIG_INVALID'));
    expect(attempt).not.toThrowError('secret');
  });
});
