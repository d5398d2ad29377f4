/**
 * Keeps what an instance must not forget, in a file beside its data.
 *
 * Guarantees: what `remember` returned from is on the disk, whole.
 */

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Memory {
  /** The highest epoch that has fenced this instance. It obeys no smaller one. */
  readonly promised: number;
  /** The epoch whose leader this instance obeys. Smaller than `promised` while none is decided. */
  readonly epoch: number;
  readonly leader: string | null;
  /** True since this instance led: its data may end in rows that no other instance has. */
  readonly hasOwnTail: boolean;
  /** True when the data name the leader that began this instance's own timeline. */
  readonly isSigned: boolean;
}

export const nothing: Memory = { promised: 0, epoch: 0, leader: null, hasOwnTail: false, isSigned: false };

export function recall(file: string): Memory {
  return existsSync(file) ? { ...nothing, ...(JSON.parse(readFileSync(file, 'utf8')) as Partial<Memory>) } : nothing;
}

export function remember(file: string, memory: Memory): void {
  const next = `${file}.next`;
  const written = openSync(next, 'w', 0o600);
  writeSync(written, JSON.stringify(memory));
  fsyncSync(written);
  closeSync(written);
  renameSync(next, file);
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}
