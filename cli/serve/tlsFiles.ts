/**
 * Checks --tls-cert and --tls-key. CONFIG_INVALID where one is there without the other.
 */

import { configError } from '../../lib/config/parseValue.ts';

interface TlsValues {
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
}

/** Undefined for plain HTTP. */
export function toTlsFiles({ tlsCert: cert, tlsKey: key }: TlsValues): { cert: string; key: string } | undefined {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined) throw configError('--tls-key: needs --tls-cert');
  if (key === undefined) throw configError('--tls-cert: needs --tls-key');
  return { cert, key };
}
