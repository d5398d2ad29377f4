/**
 * Writes a CloudEvent as an HTTP message, in structured mode.
 *
 * Source: CloudEvents HTTP protocol binding 1.0.2, section 3.2.
 */

export interface HttpMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const structuredContentType = 'application/cloudevents+json; charset=utf-8';

export function toStructured(event: Readonly<Record<'specversion' | 'id' | 'source' | 'type', string>>): HttpMessage {
  return { headers: { 'content-type': structuredContentType }, body: JSON.stringify(event) };
}
