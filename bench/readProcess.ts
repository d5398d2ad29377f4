/**
 * Reads what a process takes, from outside and in the same way whatever program it runs.
 *
 * Does not guarantee figures elsewhere than on Linux: it reads /proc.
 */

import { readdirSync, readFileSync } from 'node:fs';

/** A clock tick of /proc: USER_HZ is 100 on every architecture that Node runs on. */
const TICK_MS = 10;

/** Resident, in MB. */
export function readMemory(pid: number): { readonly nowMb: number; readonly peakMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (name: string): number => {
    const kib = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1];
    return Math.round((Number(kib) * 1024) / 1e6);
  };
  return { nowMb: read('VmRSS'), peakMb: read('VmHWM') };
}

/** The process of this program that has the folder among its arguments. */
export function findProcess(program: string, folder: string): number {
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const words = readWords(entry);
    if (words[0]?.endsWith(program) === true && words.some((word) => word.includes(folder))) return Number(entry);
  }
  throw new Error(`no ${program} runs for ${folder}`);
}

/** None of a process that has just ended. */
function readWords(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/**
 * Processor time of all threads so far. The fields after the name, which stands in brackets:
 * proc(5), utime is the 14th of all.
 */
export function readCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
