/**
 * Holds the connection to one API server: one undici Agent, and the credentials that go with every
 * request.
 *
 * Guarantees: credentials older than a minute are read again. They are read at once when the server
 * refused them or its certificate did not verify. Concurrent requests share one reading. New TLS
 * material means a new Agent. The old one closes when its last request (a watch, for instance)
 * ends.
 * Does not guarantee that a failed reading is noticed at once. The last credentials serve until the
 * server refuses them, because a file that is being replaced must not cost a failover.
 */

import { Agent, type Dispatcher } from 'undici';
import type { ClusterAccess, Credentials } from './clusterAccess.ts';

/**
 * The kubelet replaces a token long before it expires, and client-go re-reads it every minute
 * (transport/token_source.go).
 */
const CREDENTIALS_MAX_AGE_MS = 60_000;
/**
 * A connection that takes longer will not come. 5 s are longer than three SYN retransmissions
 * (1 + 2 s), and shorter than a request.
 */
const CONNECT_TIMEOUT_MS = 5_000;
/**
 * Idle connections are kept, because a TLS handshake costs more than a whole failover. The API
 * server drops them after 90 s (apiserver/pkg/server/secure_serving.go, IdleTimeout). We drop them
 * earlier, or a request would meet a closing socket.
 */
const KEEP_ALIVE_MS = 60_000;

export interface Connection {
  readonly origin: string;
  /** Put before every path; empty unless the API server lives under one. */
  readonly basePath: string;
  use(): Promise<ConnectionUse>;
  /** Reads again after the server refused `used`, unless another request has done so since. */
  renew(used: ConnectionUse): Promise<ConnectionUse>;
  close(): Promise<void>;
}

export interface ConnectionUse {
  readonly dispatcher: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
}

export function openConnection(access: ClusterAccess, now: () => number): Connection {
  const url = new URL(access.server);
  const agents = new Set<Agent>();
  let current: (ConnectionUse & { readonly agent: Agent; readonly tls: string }) | undefined;
  let readAt = 0;
  let reading: Promise<ConnectionUse> | undefined;

  const read = async (afresh: boolean): Promise<ConnectionUse> => {
    let credentials: Credentials;
    try {
      credentials = await access.readCredentials(afresh);
    } catch (error) {
      if (current === undefined) throw error;
      readAt = now();
      return current;
    }
    readAt = now();
    const tls = JSON.stringify(credentials.tls);
    if (current !== undefined && current.tls === tls) {
      current = { ...current, headers: credentials.headers };
      return current;
    }
    const agent = createAgent(credentials);
    agents.add(agent);
    if (current !== undefined) retire(current.agent);
    current = { dispatcher: agent, agent, tls, headers: credentials.headers };
    return current;
  };
  const readOnce = (afresh: boolean): Promise<ConnectionUse> => {
    reading ??= read(afresh).finally(() => {
      reading = undefined;
    });
    return reading;
  };
  const retire = (agent: Agent) => {
    void agent.close().then(
      () => agents.delete(agent),
      () => agents.delete(agent),
    );
  };

  return {
    origin: url.origin,
    basePath: url.pathname === '/' ? '' : url.pathname.replace(/\/+$/, ''),
    async use() {
      return current !== undefined && now() - readAt < CREDENTIALS_MAX_AGE_MS ? current : readOnce(false);
    },
    async renew(used) {
      return current === used || current === undefined ? readOnce(true) : current;
    },
    async close() {
      await Promise.all([...agents].map((agent) => agent.destroy()));
    },
  };
}

/**
 * Speaks HTTP/1.1, one request a connection at a time. Over HTTP/2 all watches would share one
 * flow-control window, and a watch that is read slowly would hold up the writes. The number of
 * connections has no bound here. A watch holds one for minutes, so with a bound many namespaces
 * would starve the writes. Requests are bounded where they start (deliver, hints). Body and header
 * timeouts are off, because every request has its own deadline, and the reflector judges a quiet
 * watch.
 */
function createAgent({ tls }: Credentials): Agent {
  return new Agent({
    allowH2: false,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { ...tls, timeout: CONNECT_TIMEOUT_MS, keepAlive: true },
  });
}
