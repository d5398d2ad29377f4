/**
 * Writes docs/reference/grpc.md, as a part of `npm run pages`.
 */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderGrpcPage } from './renderGrpcPage.ts';

const proto = fileURLToPath(new URL('../../proto', import.meta.url));
const page = fileURLToPath(new URL('../../docs/reference/grpc.md', import.meta.url));
writeFileSync(page, renderGrpcPage(execFileSync('buf', ['build', '--output', '-'], { cwd: proto })));
