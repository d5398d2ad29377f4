import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openOutput } from '../../../../cli/output.ts';
import { decideAgain } from '../../../../cli/replay/decideAgain.ts';
import { createShow } from '../../../../cli/replay/show.ts';
import { parseCommandLine } from '../../../../lib/config/parseCommandLine.ts';
import { parseLine } from '../../../../lib/recording/parseLine.ts';
import { toLine } from '../../../../lib/recording/recordedLine.ts';
import { aDelivery, T0 } from '../../../support/objects/aDelivery.ts';

/** The pauses that `replay` makes between reconciles at these instants, in milliseconds. */
async function pausesOf(instants: readonly number[], ...flags: readonly string[]): Promise<readonly number[]> {
  const line = parseCommandLine(['replay', 'r.jsonl', ...flags], {});
  if (line.kind !== 'command' || line.name !== 'replay') throw new Error('no replay');
  const pauses: number[] = [];
  const show = createShow(line.values, {
    output: openOutput(new Writable({ write: (_chunk, _encoding, done) => done() }), true),
    signal: new AbortController().signal,
    stepper: null,
    isSilent: true,
    sleep: async (ms) => void pauses.push(ms),
  });
  for (const at of instants) {
    const read = parseLine(toLine(aDelivery({ at })).trimEnd());
    if (read.kind === 'reconcile') await show.reconcile(decideAgain(read), 'r.jsonl:1');
  }
  return pauses;
}

describe('the pauses of a replay', () => {
  const instants = [T0, T0 + 1_000, T0 + 5_000];

  it('the pauses of a replay are left out by default', async () => {
    expect(await pausesOf(instants)).toEqual([]);
  });

  it('the pauses of a replay are as long as they were with --speed 1', async () => {
    expect(await pausesOf(instants, '--speed', '1')).toEqual([1_000, 4_000]);
  });

  it('the pauses of a replay are 20 times shorter with --speed 20', async () => {
    expect(await pausesOf(instants, '--speed', '20')).toEqual([50, 200]);
  });

  it('the pauses of a replay are left out where the recording steps back in time', async () => {
    expect(await pausesOf([T0 + 10, T0, T0 + 20], '--speed', '1')).toEqual([20]);
  });
});
