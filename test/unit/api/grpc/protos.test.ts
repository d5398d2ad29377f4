import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renderGrpcPage } from '../../../../api/grpc/renderGrpcPage.ts';
import { aDirectory } from '../../../support/programs/aKubeconfig.ts';

it('the generated code is what the proto files give (else: npm run protos)', () => {
  const folder = aDirectory();
  const template = JSON.stringify({
    version: 'v2',
    plugins: [{ local: 'protoc-gen-es', out: folder, opt: ['target=js+dts', 'import_extension=js'] }],
  });
  execFileSync('buf', ['generate', '--template', template], { cwd: 'proto' });
  const files = [
    'zenlead/v1/leader',
    'zenlead/v1/lock',
    'zenlead/v1/problem',
    'grpc/health/v1/health',
    'grpc/reflection/v1/reflection',
  ];
  for (const file of files)
    for (const ending of ['js', 'd.ts']) {
      const name = `${file}_pb.${ending}`;
      expect(readFileSync(join('api/grpc/generated', name), 'utf8'), name).toBe(
        readFileSync(join(folder, name), 'utf8'),
      );
    }
  execFileSync('buf', ['lint'], { cwd: 'proto' });
});

it('the reference page is what the proto files give (else: npm run pages)', () => {
  const descriptors = execFileSync('buf', ['build', '--output', '-'], { cwd: 'proto' });
  expect(readFileSync('docs/reference/grpc.md', 'utf8')).toBe(renderGrpcPage(descriptors));
});
