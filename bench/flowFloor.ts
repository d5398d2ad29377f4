/**
 * Runs the floor for flows: the smallest loop that sees a Job complete and posts the next one.
 *
 * It has no record, no status, no conditions, no retries and no Events, and forgets all when it
 * ends. Nothing that also does zen-flow's work can be faster.
 *
 * usage: node bench/flowFloor.ts URL TOKEN CA_FILE NAMESPACE
 */

import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { aChainJob, followJobs, shapeOf } from './flowLoad.ts';

const [url = '', token = '', caFile = '', namespace = ''] = process.argv.slice(2);
const dispatcher = new Agent({ connect: { ca: readFileSync(caFile, 'utf8') } });
const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
const followed = new Set<string>();

const seen = await followJobs({ url, token, caFile }, namespace, new AbortController().signal);
console.log(JSON.stringify({ url, msg: 'started' }));
for await (const { name, flow, step, isComplete } of seen) {
  const { steps, width } = shapeOf(flow);
  if (!isComplete || followed.has(name) || step + width >= steps) continue;
  followed.add(name);
  void post(flow, step + width);
}

async function post(flow: string, step: number): Promise<void> {
  const answer = await request(`${url}${jobs}`, {
    method: 'POST',
    dispatcher,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(aChainJob(flow, step)),
  });
  if (answer.statusCode >= 300) throw new Error(`${flow} ${step}: ${answer.statusCode} ${await answer.body.text()}`);
  await answer.body.dump();
}
