/**
 * Runs the floor for a crowd: the smallest program that knows the pods of a cluster. It lists and
 * watches them with undici and JSON.parse, and keeps six fields of each.
 *
 * It resumes nothing, checks nothing, compares nothing, and knows no Service. When a pod stops
 * being Ready it posts that to the sink.
 *
 * usage: node bench/crowdFloor.ts API_URL SINK_URL
 */

import { Agent, request } from 'undici';

interface Pod {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly uid: string; labels: object };
  readonly status: {
    readonly podIP: string;
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
  };
}

const [api = '', sink = ''] = process.argv.slice(2);
const dispatcher = new Agent({ bodyTimeout: 0 });
const known = new Map<string, object>();

/** Returns whether the pod is Ready. */
function keep({ metadata: { namespace, name, uid, labels }, status: { podIP, conditions } }: Pod): boolean {
  const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  known.set(`${namespace}/${name}`, { namespace, name, uid, app: Object.values(labels)[0], podIP, isReady });
  return isReady;
}

let version = '';
for (let next = ''; ; ) {
  const { body } = await request(`${api}/api/v1/pods?limit=500&continue=${next}`, { dispatcher });
  const page = JSON.parse(await body.text());
  for (const pod of page.items) keep(pod);
  version = page.metadata.resourceVersion;
  next = page.metadata.continue ?? '';
  if (next === '') break;
}
const { body } = await request(`${api}/api/v1/pods?watch=1&allowWatchBookmarks=true&resourceVersion=${version}`, {
  dispatcher,
});
console.log('every list is complete');
let rest = '';
for await (const chunk of body.setEncoding('utf8')) {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) {
    const { type, object } = JSON.parse(line);
    if (type === 'BOOKMARK' || keep(object)) continue;
    const answer = await request(sink, { method: 'POST', dispatcher, body: object.metadata.name });
    await answer.body.dump();
  }
}
