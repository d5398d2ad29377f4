/**
 * Makes a client in Go as a stranger would: from the published proto files alone, with the ordinary
 * plugins of protoc, in a package of its own. It takes no line of clients/go.
 */

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildOnce, call } from './buildOnce.ts';

const root = resolve(import.meta.dirname, '../..');
const sources = join(import.meta.dirname, 'stranger');
/** As package.json publishes them. */
const proto = join(root, 'proto/zenlead');
const buf = join(root, 'node_modules/.bin/buf');
const plugins = [
  'google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.8',
  'google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.5.1',
] as const;

/** Path of the program; or why there is none. */
export async function prepareStranger(): Promise<{ readonly program: string } | { readonly problem: string }> {
  const built = await buildOnce('client-stranger', [sources, proto], async (directory) => {
    const work = mkdtempSync(join(tmpdir(), 'zen-lead-stranger-'));
    try {
      cpSync(sources, work, { recursive: true });
      cpSync(proto, join(work, 'proto/zenlead'), { recursive: true });
      for (const plugin of plugins) await call('env', [`GOBIN=${work}/bin`, 'go', 'install', plugin], work);
      await call(buf, ['generate', 'proto', '--template', 'buf.gen.yaml'], work, join(work, 'bin'));
      await call('go', ['vet', '.'], work);
      await call('go', ['build', '-o', join(directory, 'stranger'), '.'], work);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
  return 'directory' in built ? { program: join(built.directory, 'stranger') } : built;
}
