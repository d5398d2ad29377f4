import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openRecordingFile } from '../../../lib/recording/recordingFile.ts';
import { startRecorder } from '../../../lib/recording/startRecorder.ts';
import { silentLogger } from '../../../lib/telemetry/logger.ts';
import { aDelivery } from '../../support/objects/aDelivery.ts';
import { aSnapshot } from '../../support/objects/anEvent.ts';

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'zen-lead-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('a recording file', () => {
  it('a recording file goes on behind what is there, readable by its owner alone', async () => {
    const path = join(aFolder(), 'r.jsonl');
    for (const text of ['one\n', 'two\n']) {
      const file = await openRecordingFile({ path, maxBytes: 1_000, keep: 2 });
      await file.append(Buffer.from(text));
      await file.close();
    }
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it.each(['one\n{"torn', '{"torn', `one\n${'x'.repeat(200_000)}`])(
    'cuts off a last line that a crash has torn',
    async (left) => {
      const path = join(aFolder(), 'r.jsonl');
      writeFileSync(path, left);
      const file = await openRecordingFile({ path, maxBytes: 1_000_000, keep: 2 });
      await file.append(Buffer.from('two\n'));
      await file.close();
      expect(readFileSync(path, 'utf8')).toBe(`${left.startsWith('one') ? 'one\n' : ''}two\n`);
    },
  );

  it('starts a new one before it grows too large, and keeps as many as asked for', async () => {
    const folder = aFolder();
    const path = join(folder, 'r.jsonl');
    const file = await openRecordingFile({ path, maxBytes: 10, keep: 3 });
    for (const text of ['first\n', 'second\n', 'third\n', 'fourth\n']) await file.append(Buffer.from(text));
    await file.close();
    const files = readdirSync(folder).sort();
    expect(files.map((name) => [name, readFileSync(join(folder, name), 'utf8')])).toEqual([
      ['r.jsonl', 'fourth\n'],
      ['r.jsonl.1', 'third\n'],
      ['r.jsonl.2', 'second\n'],
    ]);
  });

  it('writes a line that is larger than a file into a file of its own', async () => {
    const path = join(aFolder(), 'r.jsonl');
    const file = await openRecordingFile({ path, maxBytes: 4, keep: 2 });
    await file.append(Buffer.from('longer than four\n'));
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('longer than four\n');
  });

  it('says when the disk is full', async () => {
    // /dev/full refuses every write as a full disk does.
    const file = await openRecordingFile({ path: '/dev/full', maxBytes: 1_000, keep: 2 });
    await expect(file.append(Buffer.from('line\n'))).rejects.toThrow('ENOSPC');
    await file.close();
  });
});

describe('a recorder', () => {
  function anOutput() {
    const gate = Promise.withResolvers<void>();
    const written: string[] = [];
    return {
      written,
      open: gate.resolve,
      append: async (lines: Uint8Array) => {
        await gate.promise;
        written.push(Buffer.from(lines).toString('utf8'));
      },
      close: async () => {},
    };
  }

  it('writes each delivery as one line, in order, also those that come while the disk is busy', async () => {
    const output = anOutput();
    const recorder = startRecorder({ output, services: [], log: silentLogger });
    for (const at of [1_000, 2_000, 3_000]) recorder.record(aDelivery({ at }));
    output.open();
    await recorder.close();
    const lines = output.written.join('').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).sentAt)).toEqual([999, 1_999, 2_999]);
  });

  it('keeps only the Services asked for', async () => {
    const output = anOutput();
    output.open();
    const recorder = startRecorder({ output, services: ['shop/db'], log: silentLogger });
    recorder.record(aDelivery({ snapshot: aSnapshot({ name: 'other', source: null }) }));
    recorder.record(aDelivery());
    await recorder.close();
    expect(output.written.join('').match(/"partitionkey":"[^"]*"/g)).toEqual(['"partitionkey":"shop/db"']);
  });

  it('drops what the disk cannot take in time, and says how many', async () => {
    const output = anOutput();
    const said: unknown[] = [];
    const log = { ...silentLogger, warn: (fields: unknown) => void said.push(fields), error: silentLogger.error };
    const recorder = startRecorder({ output, services: [], log, maxWaitingBytes: 10_000 });
    for (let i = 0; i < 100; i += 1) recorder.record(aDelivery());
    output.open();
    await recorder.close();
    const kept = output.written.join('').trimEnd().split('\n').length;
    expect(kept).toBeGreaterThan(2);
    expect(said).toEqual([{ dropped: 100 - kept }]);
  });

  it('a recorder goes on after a write that failed', async () => {
    const path = join(aFolder(), 'r.jsonl');
    let isFull = true;
    const output = {
      append: async (lines: Uint8Array) => {
        if (isFull) throw new Error('ENOSPC');
        appendFileSync(path, lines);
      },
      close: async () => {},
    };
    const recorder = startRecorder({ output, services: [], log: silentLogger });
    recorder.record(aDelivery({ at: 1_000 }));
    await new Promise(setImmediate);
    isFull = false;
    recorder.record(aDelivery({ at: 2_000 }));
    await recorder.close();
    expect(JSON.parse(readFileSync(path, 'utf8')).sentAt).toBe(1_999);
  });
});
