/**
 * Waits for SIGTERM or SIGINT.
 *
 * Guarantees: the first signal asks for a graceful end. A second one is not caught and ends the
 * process at once, so that nothing has to be ended by `kill -9`.
 */

export function waitForStopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      process.off('SIGTERM', onSignal);
      process.off('SIGINT', onSignal);
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/**
 * For a command that people type: Ctrl-C ends its waiting, and the command finishes or undoes what
 * it has begun.
 */
export function abortOnStopSignal(): AbortSignal {
  const stop = new AbortController();
  void waitForStopSignal().then(() => stop.abort());
  return stop.signal;
}
