/**
 * Handles the events of a batch, and makes the answer to all of them.
 *
 * Guarantees: one event after the other, in their order. The first that fails ends the batch with
 * its error: the sender sends the batch again, and what was handled changes nothing a second time.
 */

import type { HttpMessage } from '../lib/events/toStructured.ts';

/** Returns a batch of what each event would be answered with; null where none has an answer. */
export async function answerBatch<Event, Reply>(
  events: readonly Event[],
  handle: (event: Event) => Promise<readonly Reply[]>,
  toMessage: (reply: Reply) => HttpMessage,
): Promise<Buffer | null> {
  const answers: string[] = [];
  for (const event of events) {
    const [only, ...others] = await handle(event);
    if (only !== undefined && others.length === 0) answers.push(toMessage(only).body);
  }
  return answers.length === 0 ? null : Buffer.from(`[${answers.join(',')}]`);
}
