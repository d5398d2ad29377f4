import { mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { followConfig } from '../../../cli/serve/followConfig.ts';
import { readConfigFile } from '../../../lib/config/configFile.ts';
import { parseCommandLine } from '../../../lib/config/parseCommandLine.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Follows a file behind a symbolic link that moves, as the kubelet mounts a ConfigMap. */
async function follow(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'zen-lead-follow-'));
  let version = 0;
  const replace = (next: string) => {
    version += 1;
    writeFileSync(join(folder, `v${version}`), next);
    symlinkSync(`v${version}`, join(folder, 'next'));
    renameSync(join(folder, 'next'), join(folder, 'zen-lead.yaml'));
  };
  replace(text);
  const path = join(folder, 'zen-lead.yaml');
  const readSettings = async () => parseCommandLine(['run', '--config', path], {}, await readConfigFile(path));
  const line = await readSettings();
  if (line.kind !== 'command' || line.name !== 'run') throw new Error('parsed as another command');
  const log = { level: line.values.logLevel, debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const following = followConfig({ values: line.values, readSettings, log, pollIntervalMs: 5 });
  closers.push(following.close);
  return { log, replace };
}

describe('a file of settings that changes', () => {
  it('applies a new log level, without a word about a restart', async () => {
    const { log, replace } = await follow('log-level: warn\n');
    replace('log-level: debug\n');
    await vi.waitFor(() => expect(log.level).toBe('debug'));
    expect(log.info).toHaveBeenCalledWith(expect.objectContaining({ changed: ['log-level'] }), 'settings changed');
    expect(log.warn).not.toHaveBeenCalled();
  });

  it('names what waits for a restart', async () => {
    const { log, replace } = await follow('port: 1\n');
    replace('port: 2\nnamespace: [a]\nlog-level: error\n');
    await vi.waitFor(() => expect(log.warn).toHaveBeenCalledTimes(1));
    const said = expect.objectContaining({ waiting: ['namespace', 'port'] });
    expect(log.warn).toHaveBeenCalledWith(said, 'settings changed; some wait for a restart');
    expect(log.level).toBe('error');
  });

  it('keeps the settings where the file cannot be read, and says nothing where no value changed', async () => {
    const { log, replace } = await follow('log-level: warn\n');
    replace('log-level: loud\n');
    await vi.waitFor(() => expect(log.error).toHaveBeenCalledTimes(1));
    expect(log.level).toBe('warn');
    replace('# the same\nlog-level: warn\n');
    replace('log-level: debug\n');
    await vi.waitFor(() => expect(log.level).toBe('debug'));
    expect(log.info).toHaveBeenCalledTimes(1);
  });
});
