/**
 * Starts a real reverse proxy (nginx) in front of several functions, as an ingress or a Service of
 * a cluster would stand there.
 *
 * Source: https://nginx.org/en/docs/http/ngx_http_upstream_module.html
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chooseFreePort } from '../controlPlane/chooseFreePort.ts';
import { isExecutable } from '../controlPlane/findAssets.ts';
import { type RunningProcess, startProcess } from '../programs/startProcess.ts';

export const missingProxyLine = 'e2e: skipped, no reverse proxy here (install nginx, `apt-get install nginx`)';

/** Null where there is none. Debian puts it outside of a user's PATH. */
export function findReverseProxy(environment: Readonly<Record<string, string | undefined>>): string | null {
  const folders = [...(environment['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, 'nginx')).find(isExecutable) ?? null;
}

export interface ReverseProxy {
  readonly process: RunningProcess;
  readonly url: string;
}

/** `upstreams` are URLs. Requests go to them in turn. */
export async function startReverseProxy(
  command: string,
  directory: string,
  upstreams: readonly string[],
): Promise<ReverseProxy> {
  const prefix = join(directory, 'nginx');
  mkdirSync(prefix, { recursive: true });
  const port = await chooseFreePort();
  writeFileSync(join(prefix, 'nginx.conf'), toConfig(port, upstreams));
  const process = startProcess({
    name: 'nginx',
    command,
    args: ['-p', prefix, '-c', join(prefix, 'nginx.conf'), '-e', join(prefix, 'error.log')],
    directory,
  });
  const url = `http://127.0.0.1:${port}/`;
  for (const deadlineAt = Date.now() + 30_000; Date.now() < deadlineAt; await sleep(50)) {
    const answered = await fetch(`${url}readyz`).then(
      (answer) => answer.arrayBuffer(),
      () => null,
    );
    if (answered !== null) return { process, url };
  }
  throw new Error(`nginx did not answer:\n${process.log()}`);
}

/**
 * One process, no daemon, nothing outside of its folder, so that it ends with the test that started
 * it.
 */
function toConfig(port: number, upstreams: readonly string[]): string {
  const servers = upstreams.map((url) => `server ${new URL(url).host} max_fails=1 fail_timeout=1s;`).join('\n    ');
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
master_process off;
pid nginx.pid;
events {}
http {
  access_log off;
  ${kinds.map((kind) => `${kind}_temp_path ${kind};`).join(' ')}
  upstream functions {
    ${servers}
    keepalive 16;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://functions;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      # A function that has gone is asked no more for a second; what it may have begun is not sent to another one.
      proxy_next_upstream error;
    }
  }
}
`;
}
