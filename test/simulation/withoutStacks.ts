/**
 * withoutStacks: runs one seed with errors that have no stack. Errors are part of every run, and a
 * stack costs more than what is done about one.
 */
export async function withoutStacks<T>(run: () => Promise<T>): Promise<T> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return await run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
