/**
 * Makes the leader that zen-lead elected the primary, under its epoch, in three steps: fence a
 * majority, have the leader catch up and promote it, have the others follow.
 *
 * Guarantees: the leader has every row that any earlier leader acknowledged, and no earlier leader
 * acknowledges another one. An acknowledged row is on the leader and one standby, and each majority
 * holds one of any such two.
 * Does not guarantee that there is a majority: without one nothing is promoted.
 */

import type { Fenced, Position } from '../instance/instance.ts';

export interface Orders {
  readonly name: string;
  /** Rejects with `Superseded` when the instance has promised a newer epoch. */
  fence(epoch: number, leader: string): Promise<Fenced>;
  lead(epoch: number, leader: string, from: string, position: Position | null): Promise<void>;
  follow(epoch: number, leader: string): Promise<void>;
}

/** A newer leader is being promoted, or has been. This one's event is done with. */
export class Superseded extends Error {}

/** Rejects where the event has to come again. */
export async function promoteLeader(members: readonly Orders[], epoch: number, leaderName: string): Promise<void> {
  const leader = members.find(({ name }) => name === leaderName);
  if (leader === undefined) throw new Error(`${leaderName} is not one of the instances`);
  const others = members.filter((member) => member !== leader);

  const { fenced, isDecided } = await fenceMajority(members, leader, epoch);
  if (!isDecided) {
    const from = chooseFurthest(fenced, leaderName);
    await leader.lead(epoch, leaderName, from?.name ?? leaderName, from?.position ?? null);
  }
  // With one standby, writes are acknowledged. An instance that does not hear this asks the others
  // within a second.
  await Promise.any(others.map((member) => member.follow(epoch, leaderName))).catch(() => {});
}

interface Reached {
  readonly name: string;
  readonly position: Position | null;
}

/**
 * Returns as soon as the leader is fenced, and a majority that has data. An instance without data
 * has lost what it acknowledged, so it does not count. Where fewer have data, all have to answer.
 */
async function fenceMajority(
  members: readonly Orders[],
  leader: Orders,
  epoch: number,
): Promise<{ readonly fenced: readonly Reached[]; readonly isDecided: boolean }> {
  const fenced: Reached[] = [];
  let own: Fenced | null = null;
  const problems: string[] = [];
  const isEnough = () => {
    if (own === null) return false;
    const withData = fenced.filter(({ position }) => position !== null).length;
    return own.leader !== null || withData > members.length / 2 || fenced.length === members.length;
  };
  await new Promise<void>((resolve, reject) => {
    const answers = members.map(async (member) => {
      try {
        const answer = await member.fence(epoch, leader.name);
        fenced.push({ name: member.name, position: answer.position });
        if (member === leader) own = answer;
        if (isEnough()) resolve();
      } catch (error) {
        if (error instanceof Superseded) reject(error);
        problems.push(`${member.name}: ${String(error)}`);
      }
    });
    void Promise.all(answers).then(() => {
      if (!isEnough()) reject(new Error(`too few instances are fenced: ${problems.join('; ')}`));
    });
  });
  return { fenced: [...fenced], isDecided: (own as Fenced | null)?.leader === leader.name };
}

/** The leader wins a tie. Null when none has data. */
export function chooseFurthest(
  reached: readonly Reached[],
  leader: string,
): { readonly name: string; readonly position: Position } | null {
  let furthest: { name: string; position: Position } | null = null;
  for (const { name, position } of reached) {
    if (position === null) continue;
    const order = furthest === null ? 1 : comparePositions(position, furthest.position);
    if (order > 0 || (order === 0 && name === leader)) furthest = { name, position };
  }
  return furthest;
}

/** What a newer leader wrote comes after all that an older one wrote. */
export function comparePositions(a: Position, b: Position): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch;
  const [x, y] = [toNumber(a.lsn), toNumber(b.lsn)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** `16/B374D848` is two hexadecimal halves of 64 bits. */
function toNumber(lsn: string): bigint {
  const [, high, low] = /^([0-9A-F]+)\/([0-9A-F]+)$/.exec(lsn) ?? [];
  if (high === undefined || low === undefined) throw new Error(`no position in the log: ${lsn}`);
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}
