/**
 * Reads the file of `--config`: YAML, one mapping, whose keys are flags without their dashes.
 *
 * Guarantees: rejects with CONFIG_INVALID what is not such a file, and the message names the file,
 * the line and the key. It reads 64 KiB at most. Which keys a command takes, and which values, is
 * for parseCommandLine.ts to say. yaml is loaded only where a file is given.
 * Source: https://yaml.org/spec/1.2.2/#103-core-schema
 */

import { open } from 'node:fs/promises';
import { configError } from './parseValue.ts';

export interface ConfigEntry {
  /** How messages name it: `zen-lead.yaml:3: port`. */
  readonly origin: string;
  /** A list has as many as it has elements; anything else has one. */
  readonly values: readonly ConfigScalar[];
  readonly isList: boolean;
}

export type ConfigScalar = string | number | boolean;

/** Flag without dashes -> what the file gives it. A key with an empty value is absent. */
export type ConfigFile = ReadonlyMap<string, ConfigEntry>;

/** A file with every setting and its comments takes 4 KiB. */
const MAX_BYTES = 65_536;

export async function readConfigFile(path: string): Promise<ConfigFile> {
  const text = await readText(path);
  const { isMap, isScalar, isSeq, LineCounter, parseDocument } = await import('./yamlPackage.ts');
  const lineCounter = new LineCounter();
  const { contents, errors } = parseDocument(text, { lineCounter, prettyErrors: false });
  const placeOf = (offset: number | undefined) => `${path}:${lineCounter.linePos(offset ?? 0).line}`;
  const [error] = errors;
  if (error !== undefined) throw configError(`${placeOf(error.pos[0])}: is not YAML: ${error.message}`);
  const entries = new Map<string, ConfigEntry>();
  if (contents === null || (isScalar(contents) && contents.value === null)) return entries;
  if (!isMap(contents))
    throw configError(`${placeOf(contents.range[0])}: is not a mapping, as "log-level: debug" is one`);
  for (const { key, value } of contents.items) {
    // Manifests leave empty values behind, so they count as absent, as empty variables do.
    if (value === null || (isScalar(value) && (value.value === null || value.value === ''))) continue;
    const name = isScalar(key) ? String(key.value) : String(key);
    const origin = `${placeOf(isScalar(key) ? key.range?.[0] : undefined)}: ${name}`;
    const values = (isSeq(value) ? value.items : [value]).map((one) => (isScalar(one) ? one.value : undefined));
    if (!values.every(isConfigScalar))
      throw configError(`${origin}: is not a text, a number, true, false or a list of such`);
    entries.set(name, { origin, values, isList: isSeq(value) });
  }
  return entries;
}

function isConfigScalar(value: unknown): value is ConfigScalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

async function readText(path: string): Promise<string> {
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let length = 0;
  try {
    await using file = await open(path);
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
  } catch (cause) {
    throw configError(
      `--config: ${path}: cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    );
  }
  if (length > MAX_BYTES) throw configError(`--config: ${path}: has more than ${MAX_BYTES} bytes`);
  return buffer.toString('utf8', 0, length);
}
