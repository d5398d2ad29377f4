/**
 * Runs the informer of @kubernetes/client-node over a crowd, as its README has it: a list of all
 * pods, and a callback for each change. When a pod stops being Ready it posts that to the sink.
 *
 * usage: node bench/crowdInformer.ts API_URL SINK_URL
 */

import { CoreV1Api, KubeConfig, makeInformer, type V1Pod } from '@kubernetes/client-node';
import { request } from 'undici';

const [server = '', sink = ''] = process.argv.slice(2);
const config = new KubeConfig();
config.loadFromOptions({
  // It refuses plain HTTP otherwise.
  clusters: [{ name: 'crowd', server, skipTLSVerify: true }],
  users: [{ name: 'crowd' }],
  contexts: [{ name: 'crowd', cluster: 'crowd', user: 'crowd' }],
  currentContext: 'crowd',
});
const api = config.makeApiClient(CoreV1Api);
const informer = makeInformer(config, '/api/v1/pods', () => api.listPodForAllNamespaces());

async function check(pod: V1Pod): Promise<void> {
  if (pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') !== false) return;
  const answer = await request(sink, { method: 'POST', body: pod.metadata?.name ?? '' });
  await answer.body.dump();
}

informer.on('update', (pod) => void check(pod));
informer.on('error', (error) => console.error(error));
await informer.start();
console.log('every list is complete');
