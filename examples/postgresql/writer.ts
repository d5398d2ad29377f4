/**
 * `node examples/postgresql/writer.ts NAME CONNECTION` writes numbered rows, one after the other,
 * and prints what became of each as JSON lines: `{ at, n, outcome, pod?,
 * epoch? }`.
 *
 * An acknowledged row has to be there for ever. A row without an answer may be there or not: the
 * server may have died before its answer. A commit that came with a warning is not counted as
 * acknowledged: PostgreSQL answers so where the wait for a standby was cancelled.
 * https://www.postgresql.org/docs/15/runtime-config-wal.html#GUC-SYNCHRONOUS-COMMIT
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Session } from './instance/session.ts';

const [name = 'writer', connection = ''] = process.argv.slice(2);
/** A commit takes milliseconds. Without an answer for this long the writer connects again. */
const patienceMs = Number(process.env['PATIENCE_MS'] ?? 500);
const pauseMs = 10;
const pauseAfterFailureMs = 50;

let session: Session | null = null;
for (let n = 1; ; n += 1) {
  const at = Date.now();
  let restMs = pauseMs;
  try {
    if (session === null || session.ended) session = new Session(`${connection} connect_timeout=2`);
    const insert = `INSERT INTO rows (writer, n, pod) VALUES ('${name}', ${n}, current_setting('cluster_name'))`;
    const { rows, warnings } = await session.query(
      `${insert} RETURNING pod, (SELECT epoch FROM zen_lead_epoch)`,
      patienceMs,
    );
    const [pod, epoch] = rows[0]?.split('|') ?? [];
    if (warnings.length > 0) print({ at, n, outcome: 'warned' });
    else print({ at, n, outcome: 'acknowledged', pod, epoch: Number(epoch) });
  } catch (error) {
    session?.close();
    session = null;
    restMs = pauseAfterFailureMs;
    print({ at, n, outcome: 'unknown', problem: String(error) });
  }
  await sleep(restMs);
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify({ ...line, answeredAt: Date.now() })}\n`);
}
