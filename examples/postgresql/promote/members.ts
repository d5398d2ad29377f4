/**
 * Reads which instances there are: `postgres-0=postgres-0.postgres-members postgres-1=…`, by name
 * and host, with `:5432:8008` where ports differ from these.
 */

export interface Member {
  readonly name: string;
  readonly host: string;
  readonly postgresPort: number;
  /** URL that takes orders. */
  readonly orders: string;
}

export function parseMembers(text: string): readonly Member[] {
  const members = text.split(/\s+/).map((word) => {
    const [, name, host, postgresPort = '5432', ordersPort = '8008'] =
      /^([\w.-]+)=([\w.-]+)(?::(\d+):(\d+))?$/.exec(word) ?? [];
    if (name === undefined || host === undefined) throw new Error(`not NAME=HOST: ${word}`);
    return { name, host, postgresPort: Number(postgresPort), orders: `http://${host}:${ordersPort}` };
  });
  if (members.length < 3) throw new Error('three instances are the fewest of which one may be lost');
  return members;
}
