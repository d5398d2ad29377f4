/**
 * Lets the tests of a file answer HTTP requests with nock. That works for undici's Agent too,
 * because nock 15 replaces the sockets below it.
 *
 * Guarantees: a request without an interceptor fails, and other files in the same worker meet real
 * sockets.
 * Does not guarantee anything about aborted requests, because with undici 8 one ends the process.
 * Tests of deadlines, watches and TLS need a real server.
 */

import nock from 'nock';
import { afterAll, afterEach, beforeAll } from 'vitest';

// Importing it replaces the sockets of every file that the worker runs.
nock.restore();

export function interceptHttp(): void {
  beforeAll(() => {
    nock.activate();
    nock.disableNetConnect();
  });
  afterEach(() => nock.cleanAll());
  afterAll(() => {
    nock.enableNetConnect();
    nock.restore();
  });
}
