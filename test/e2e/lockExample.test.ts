/**
 * Runs the demonstration of examples/locks as its reader does. Without a look at tokens a paused
 * holder undoes what others have counted; with it no count is lost.
 */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { programEnvironment } from '../support/programs/startProgram.ts';

const example = fileURLToPath(new URL('../../examples/locks/run.ts', import.meta.url));

interface Outcome {
  readonly lost: number;
  readonly refused: number;
  readonly acknowledged: number;
}

function readOutcome(output: string, begin: string): Outcome {
  const line = output.split('\n').find((each) => each.startsWith(begin)) ?? '';
  const [, acknowledged, lost, refused] = /(\d+) writes acknowledged, .* (\d+) lost, (\d+) refused/.exec(line) ?? [];
  return { acknowledged: Number(acknowledged), lost: Number(lost), refused: Number(refused) };
}

test('counts are lost where the store looks at no token, and none where it refuses an old one', async () => {
  const child = spawn(process.execPath, [example], { env: programEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGTERM'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      output += text;
    });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code, output).toBe(0);
  const without = readOutcome(output, 'The store looks at no token');
  expect(without.acknowledged).toBeGreaterThan(0);
  expect(without.lost).toBeGreaterThan(0);
  const checked = readOutcome(output, 'The store checks tokens');
  expect(checked).toMatchObject({ lost: 0 });
  expect(checked.refused).toBeGreaterThan(0);
}, 600_000);
