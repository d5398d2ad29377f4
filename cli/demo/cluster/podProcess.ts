/**
 * Runs what a pod of the demo runs: a TCP server that sends its name to every client.
 *
 * A connection that sends the line `crash` ends it, so that a person can kill a leader with nothing
 * but `nc`.
 */

import type { PodNetwork } from './podNetwork.ts';

export interface PodProcess {
  /** Ends it at once, as a crash does. */
  crash(): void;
}

interface PodProcessOptions {
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  onExit(): void;
}

export async function startPodProcess(network: PodNetwork, options: PodProcessOptions): Promise<PodProcess> {
  let hasExited = false;
  const close = await network.listen(options.ip, options.port, (socket) => {
    socket.on('data', (bytes) => {
      if (bytes.toString('utf8').startsWith('crash')) exit();
    });
    socket.write(`${options.name}\n`);
  });
  function exit(): void {
    if (hasExited) return;
    hasExited = true;
    close();
    options.onExit();
  }
  return { crash: exit };
}
