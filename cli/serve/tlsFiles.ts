/**
 * Checks --tls-cert and --tls-key. CONFIG_INVALID where one is there without the other, or where
 * they are no certificate and its key.
 */

import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { configError } from '../../lib/config/parseValue.ts';
import { ZenLeadError } from '../../lib/errors.ts';

interface TlsValues {
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
}

/** Undefined for plain HTTP. */
export function toTlsFiles({ tlsCert: cert, tlsKey: key }: TlsValues): { cert: string; key: string } | undefined {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined) throw configError('--tls-key: needs --tls-cert');
  if (key === undefined) throw configError('--tls-cert: needs --tls-key');
  try {
    createSecureContext({ cert: read('--tls-cert', cert), key: read('--tls-key', key) });
  } catch (error) {
    if (error instanceof ZenLeadError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw configError(`--tls-cert, --tls-key: ${cert} and ${key} are no certificate and its key, in PEM: ${why}`);
  }
  return { cert, key };
}

function read(flag: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw configError(`${flag}: ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
