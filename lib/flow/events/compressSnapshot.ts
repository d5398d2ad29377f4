/**
 * Compresses the packed snapshot of a flow that no event would hold as it is, and reads it again.
 *
 * A thousand steps and their record are 150 kB of names and instants that resemble each other. As a
 * hint, each event of such a flow costs three reads of the API server instead.
 *
 * Guarantees: pure. What comes out is bounded before it is parsed. Throws INPUT_INVALID for a text
 * that cannot be read.
 */

import { gunzipSync, gzipSync } from 'node:zlib';
import { inputError } from '../../errors.ts';
import { compileSchema } from '../../events/compileSchema.ts';
import { firstIssue } from '../../events/firstIssue.ts';
import { parseStrictJson } from '../../events/strictJson.ts';
import { packedSnapshotZod } from './flowSchema.ts';
import type { PackedSnapshot } from './packSnapshot.ts';

/** A spec and a record have 512 KiB each at most; their Jobs are a few. */
export const MAX_UNCOMPRESSED_BYTES = 2 * 1024 * 1024;

/** The quickest: more effort takes twice the time for a tenth of the size. */
const LEVEL = 1;

const parseSnapshot = compileSchema(packedSnapshotZod);

/** gzip of the JSON text, in base64. Null where no receiver would take it. */
export function compressSnapshot(json: string): string | null {
  if (Buffer.byteLength(json) > MAX_UNCOMPRESSED_BYTES) return null;
  return gzipSync(json, { level: LEVEL }).toString('base64');
}

/** `path`: of the text, for errors. It is checked as a snapshot that travels as JSON. */
export function decompressSnapshot(text: string, path: string): PackedSnapshot {
  const parsed = parseSnapshot(parseStrictJson(gunzip(text, path), path));
  if (parsed.success) return parsed.data;
  const issue = firstIssue(path, parsed.error);
  throw inputError(issue.path, issue.problem);
}

function gunzip(text: string, path: string): Uint8Array {
  try {
    return gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: MAX_UNCOMPRESSED_BYTES });
  } catch (cause) {
    throw inputError(path, `is not the base64 of a gzip of at most ${MAX_UNCOMPRESSED_BYTES} bytes`, cause);
  }
}
