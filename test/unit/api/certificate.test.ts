import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { reloadCertificate } from '../../../api/reloadCertificate.ts';
import type { Logger } from '../../../lib/telemetry/logger.ts';
import { anApiApp } from '../../support/objects/anApiApp.ts';
import { aCertificate } from '../../support/programs/aCertificate.ts';

/** In one step, as the kubelet does it, so that no reader sees half a file. */
function replace(file: string, content: string | Buffer): void {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}

it('a certificate that is renewed counts for new connections, open ones stay, and half of it changes nothing', async () => {
  const [files, renewed] = [aCertificate('first'), aCertificate('second')];
  const app = anApiApp({ tls: files });
  const { port } = new URL(await app.listen());
  const said: string[] = [];
  const note = (_: object, message: string): void => void said.push(message);
  const replaced: string[] = [];
  const stop = reloadCertificate(app.app.server, files, { info: note, warn: note } as unknown as Logger, {
    everyMs: 20,
    onReplaced: (cert) => void replaced.push(cert),
  });
  onTestFinished(stop);
  const open = () => connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false });
  const served = () =>
    new Promise<string>((resolve, reject) => {
      const socket = open();
      socket.once('error', reject).once('secureConnect', () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
    });
  expect(await served()).toBe('first');
  const early = open();
  onTestFinished(() => void early.destroy());
  await new Promise((resolve) => early.once('secureConnect', resolve));
  // The files as they were have been read once.
  await new Promise((resolve) => setTimeout(resolve, 200));

  replace(files.cert, readFileSync(renewed.cert));
  await expect
    .poll(() => said, { message: 'cert and key do not belong together' })
    .toEqual(['the certificate cannot be read again; the previous one stays']);
  expect(await served()).toBe('first');
  replace(files.key, readFileSync(renewed.key));
  await expect.poll(served, { message: 'the renewed certificate is served' }).toBe('second');
  expect(replaced).toEqual([readFileSync(renewed.cert, 'utf8')]);
  replace(files.cert, 'nonsense');
  await expect.poll(() => said.length, { message: 'what cannot be read is said' }).toBe(3);
  expect(await served()).toBe('second');

  early.write('GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  let answer = '';
  for await (const chunk of early) answer += String(chunk);
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(readFileSync(files.cert, 'utf8')).toBe('nonsense');
});
