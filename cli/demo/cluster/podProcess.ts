/**
 * Runs what a pod of the demo runs. That is a TCP server that sends its name to every client, and
 * an HTTP server that says whether it works.
 *
 * A connection that sends the line `crash` ends it, so that a person can kill a leader with nothing
 * but `nc`.
 */

import type { Socket } from 'node:net';
import type { PodNetwork } from './podNetwork.ts';

export interface PodProcess {
  /** Ends it at once, as a crash does. */
  crash(): void;
  /**
   * Stops it, as SIGSTOP does. The kernel goes on accepting connections for it, and no client gets
   * an answer.
   */
  hang(): void;
  /** Lets it go on, as SIGCONT does. What came meanwhile is answered late. */
  wake(): void;
}

interface PodProcessOptions {
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  /** Of the HTTP server, which answers every path with 200. */
  readonly healthPort: number;
  onExit(): void;
}

export async function startPodProcess(network: PodNetwork, options: PodProcessOptions): Promise<PodProcess> {
  const { name, ip, port, healthPort } = options;
  let hasExited = false;
  let isHung = false;
  let waiting: (() => void)[] = [];
  const whenAwake = (work: () => void): void => {
    if (isHung) waiting.push(work);
    else work();
  };
  const listen = (at: number, onConnection: (socket: Socket) => void): Promise<() => void> =>
    network.listen(ip, at, onConnection);

  const closers = [
    await listen(port, (socket) => {
      socket.on('data', (bytes) => {
        if (bytes.toString('utf8').startsWith('crash')) whenAwake(exit);
      });
      whenAwake(() => socket.write(`${name}\n`));
    }),
    await listen(healthPort, (socket) => {
      socket.once('data', () => whenAwake(() => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')));
    }),
  ];
  function exit(): void {
    if (hasExited) return;
    hasExited = true;
    for (const close of closers) close();
    options.onExit();
  }
  return {
    crash: exit,
    hang() {
      isHung = true;
    },
    wake() {
      isHung = false;
      const woken = waiting;
      waiting = [];
      for (const work of woken) work();
    },
  };
}
