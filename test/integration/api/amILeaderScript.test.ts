import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { aDirectory } from '../../support/programs/aKubeconfig.ts';

const script = fileURLToPath(new URL('../../../examples/am-i-leader/am-i-leader.sh', import.meta.url));
const canAsk = ['curl', 'wget'].some((program) => spawnSync(program, ['--version']).status === 0);
if (!canAsk) console.log('skipped: am-i-leader.sh, because there is neither curl nor wget');

const yes = { leader: true, role: 'leader', epoch: 7, validForMs: 3_000 };
const no = { leader: false, role: 'follower', epoch: 7, validForMs: 3_000 };

it.skipIf(!canAsk).each([
  ['0 where the pod leads', 200, yes, 0],
  ['1 where it follows', 200, no, 1],
  ['1 where the api cannot rely on its view', 200, { ...no, role: 'unknown' }, 1],
  ['1 where the api refuses, whatever it says', 403, yes, 1],
])('am-i-leader.sh ends with %s', async (_, status, body, expected) => {
  const asked: { url: string | undefined; authorization: string | undefined }[] = [];
  const server = createServer(({ url, headers }, response) => {
    asked.push({ url, authorization: headers.authorization });
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const token = join(aDirectory(), 'token');
  writeFileSync(token, 'secret');
  const child = spawn('sh', [script, 'db'], {
    env: {
      PATH: process.env['PATH'] ?? '',
      ZEN_LEAD_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      ZEN_LEAD_API_TOKEN_FILE: token,
    },
  });
  const [code] = await once(child, 'exit');
  expect({ code, asked }).toEqual({
    code: expected,
    asked: [{ url: '/v1/am-i-leader?service=db', authorization: 'Bearer secret' }],
  });
});

it.skipIf(!canAsk)('am-i-leader.sh ends with 1 where no api is there', async () => {
  const env = { PATH: process.env['PATH'] ?? '', ZEN_LEAD_API_URL: 'http://127.0.0.1:1' };
  const [code] = await once(spawn('sh', [script, 'db'], { env }), 'exit');
  expect(code).toBe(1);
});
