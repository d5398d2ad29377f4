/**
 * Reads what a program wrote from the API server's audit log: every write, refused ones included,
 * with the body that it sent.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { ControlPlane } from './startControlPlane.ts';

const auditLine = z.object({
  verb: z.string(),
  userAgent: z.string().default(''),
  objectRef: z
    .object({ resource: z.string(), namespace: z.string().optional(), name: z.string().optional() })
    .optional(),
  requestObject: z.unknown().optional(),
  responseStatus: z.object({ code: z.number() }).partial().optional(),
});

export interface AuditedWrite {
  readonly verb: string;
  /** Plural; empty when the request was not about a resource. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly body: unknown;
  /** HTTP status of the answer. */
  readonly status: number | undefined;
}

/** Returns the writes in the order of their answers. The control plane needs `audit`. */
export function readAuditedWrites(
  { directory }: Pick<ControlPlane, 'directory'>,
  userAgentPrefix: string,
): readonly AuditedWrite[] {
  return readFileSync(join(directory, 'audit.log'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => auditLine.parse(JSON.parse(line)))
    .filter(({ userAgent }) => userAgent.startsWith(userAgentPrefix))
    .map(({ verb, objectRef, requestObject, responseStatus }) => ({
      verb,
      resource: objectRef?.resource ?? '',
      namespace: objectRef?.namespace,
      name: objectRef?.name,
      body: requestObject,
      status: responseStatus?.code,
    }));
}
