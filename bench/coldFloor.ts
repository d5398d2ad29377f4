/**
 * Runs the floor of a cold start: a bare Fastify that answers each POST, without reading any state.
 *
 * usage: node bench/coldFloor.ts functions --kubeconfig FILE --port PORT ..., as a function is
 * started; only the port is read.
 */

import Fastify from 'fastify';

const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
const app = Fastify();
app.addContentTypeParser('application/cloudevents+json', { parseAs: 'string' }, (_request, body, done) => {
  done(null, JSON.parse(String(body)));
});
app.post('/', () => ({ type: 'io.zen-lead.leader.elected' }));
await app.listen({ port, host: '127.0.0.1' });
