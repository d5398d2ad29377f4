/**
 * Runs the floor of the api: the smallest server that answers and streams over HTTP/2 in the frames
 * of gRPC. It answers each question with the same bytes, and sends them to the readers of a Service
 * when the watch brings a line about its slice.
 *
 * It asks for no right, parses no message, knows no pod and no record, and resumes nothing.
 *
 * usage: node bench/subscribersFloor.ts URL TOKEN CA_FILE NAMESPACE
 */

import { createServer, type ServerHttp2Stream } from 'node:http2';
import { toFrame } from '../api/grpc/frames.ts';
import { watchLines } from '../test/support/controlPlane/watchLines.ts';

const [url = '', token = '', caFile = '', namespace = ''] = process.argv.slice(2);
/** As long as an answer of the api about a pool of two pods. */
const answer = toFrame(Buffer.alloc(220, 'x'));
const readers = new Map<string, Set<ServerHttp2Stream>>();

const server = createServer({ settings: { maxConcurrentStreams: 10_000 } });
server.on('stream', (stream, headers) => {
  const asked: Buffer[] = [];
  stream.on('error', () => {});
  stream.on('data', (chunk: Buffer) => asked.push(chunk));
  stream.on('end', () => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    if (headers[':path']?.endsWith('/GetLeader')) {
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(answer);
      return;
    }
    const [, name = ''] = /(web-\d+)/.exec(Buffer.concat(asked).toString('latin1')) ?? [];
    const all = readers.get(name) ?? new Set();
    readers.set(name, all.add(stream));
    stream.on('close', () => all.delete(stream));
    stream.write(answer);
  });
});
server.listen(0, '127.0.0.1', () => {
  const at = server.address();
  if (at !== null && typeof at === 'object') console.log(`{"url":"http://127.0.0.1:${at.port}"}`);
});

const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?`;
const lines = await watchLines({ url, token, caFile }, path, new AbortController().signal);
for await (const line of lines) {
  const { object } = line as { object: { metadata: { labels?: Record<string, string> } } };
  const service = object.metadata.labels?.['kubernetes.io/service-name'] ?? '';
  for (const stream of readers.get(service.replace(/-leader$/, '')) ?? []) stream.write(answer);
}
