import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseSamples } from '../../../bench/readSamples.ts';

describe('the command line of a benchmark', () => {
  it('takes a number of samples, or none', () => {
    expect(parseSamples([], 1_000)).toBe(1_000);
    expect(parseSamples(['20'], 1_000)).toBe(20);
  });

  it.each(['--help', '-h'])('asks for help with %s', (word) => {
    expect(parseSamples([word], 1_000)).toBe('help');
  });

  it.each([
    [['--samples=20'], "Unknown option '--samples'"],
    [['0'], '"0" is not a number of samples: a whole number from 1 to 9999999'],
    [['-1'], "Unknown option '-1'"],
    [['1e3'], '"1e3" is not a number of samples'],
    [['twenty'], '"twenty" is not a number of samples'],
    [[''], '"" is not a number of samples'],
    [['20', '30'], 'takes one number of samples, got "20 30"'],
  ])('refuses %j', (words, message) => {
    expect(() => parseSamples(words, 1_000)).toThrow(message);
  });
});

it.each(['measureFailover.ts', 'measureColdStart.ts'])('bench/%s measures nothing on an unknown flag', (script) => {
  const path = join('bench', script);
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, '--halp'], { encoding: 'utf8' });
  expect(stderr).toContain("bench: Unknown option '--halp'");
  expect(stderr).toContain(`usage: node bench/${script} [SAMPLES]`);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});
