/**
 * toPagePolicy: the content security policy of a live page. It allows the page's own style and
 * script, and requests to where it came from.
 */

import { hashSource } from './hashSource.ts';

export function toPagePolicy({ style, script }: { readonly style: string; readonly script: string }): string {
  return [
    "default-src 'none'",
    `style-src ${hashSource(style)}`,
    `script-src ${hashSource(script)}`,
    "connect-src 'self'",
    'img-src data:',
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}
