/**
 * Tests the forms of an answer, discovery, and paths that lead nowhere.
 */

import { beforeAll, describe, expect, it } from 'vitest';
import { aService, paths, refusal } from './objects.ts';
import type { Target } from './target.ts';
import { useNamespace } from './useNamespace.ts';

const accept = (as: string) => `application/json;as=${as};g=meta.k8s.io;v=v1`;

export function describeForms(target: () => Target): void {
  describe('forms', () => {
    const at = paths(useNamespace(target, 'contract-forms'));

    beforeAll(async () => {
      await target().ask('POST', at.services, aService('db', { selector: { app: 'db' } }));
    });

    it('answers with metadata alone when the client asks for it', async () => {
      const { ask } = target();
      const one = await ask('GET', `${at.services}/db`, undefined, { accept: accept('PartialObjectMetadata') });
      expect(one.body).toMatchObject({
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
        metadata: { name: 'db' },
      });
      expect(one.body).not.toHaveProperty('spec');
      const all = await ask('GET', at.services, undefined, { accept: accept('PartialObjectMetadataList') });
      expect(all.body).toMatchObject({
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        items: [{ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'db' } }],
      });
    });

    it('answers with a table that people can read', async () => {
      const { ask } = target();
      const answer = await ask('GET', at.services, undefined, { accept: accept('Table') });
      const names = ['Name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', 'Selector'];
      expect(answer.body).toMatchObject({
        kind: 'Table',
        apiVersion: 'meta.k8s.io/v1',
        columnDefinitions: names.map((name) => ({ name })),
        rows: [
          {
            cells: [
              'db',
              'ClusterIP',
              expect.stringMatching(/^10\.96\./),
              '<none>',
              '80/TCP',
              expect.any(String),
              'app=db',
            ],
            object: { kind: 'PartialObjectMetadata', metadata: { name: 'db' } },
          },
        ],
      });
    });

    it.each([
      ['the metadata of one object from a list', at.services, accept('PartialObjectMetadata')],
      ['a list of metadata from one object', `${at.services}/db`, accept('PartialObjectMetadataList')],
      ['XML', `${at.services}/db`, 'text/xml'],
    ])('refuses %s', async (_, path, form) => {
      const answer = await target().ask('GET', path, undefined, { accept: form });
      expect(answer).toMatchObject({ status: 406, body: { reason: 'NotAcceptable' } });
    });

    it.each(['/api', '/apis', '/api/v1', '/apis/discovery.k8s.io/v1', '/version', '/openapi/v3'])(
      'shows a client what there is under %s',
      async (path) => {
        expect(await target().ask('GET', path)).toMatchObject({ status: 200, body: expect.any(Object) });
      },
    );

    it.each(['/healthz', '/livez', '/readyz'])('answers %s with ok', async (path) => {
      expect(await target().ask('GET', path)).toMatchObject({ status: 200, body: 'ok' });
    });

    it('lists resources with short names, and their subresources', async () => {
      expect((await target().ask('GET', '/api/v1')).body).toMatchObject({
        resources: expect.arrayContaining([
          expect.objectContaining({ name: 'services', singularName: 'service', kind: 'Service', shortNames: ['svc'] }),
          expect.objectContaining({ name: 'pods/status', kind: 'Pod', verbs: ['get', 'patch', 'update'] }),
        ]),
      });
    });

    it.each([
      ['GET', `${at.services.replace('services', 'foos')}`, 404, 'NotFound'],
      ['PUT', at.services, 405, 'MethodNotAllowed'],
      ['POST', `${at.services}/db`, 405, 'MethodNotAllowed'],
    ])('answers %s %s with a Status', async (method, path, status, reason) => {
      const body = method === 'GET' ? undefined : aService('db');
      expect((await target().ask(method, path, body)).body).toMatchObject(refusal(status, reason, /^the server/));
    });

    it.each(['/nope', '/apis/nope.io/v1/foos'])('answers %s with plain text', async (path) => {
      expect(await target().ask('GET', path)).toMatchObject({ status: 404, body: '404 page not found\n' });
    });

    it.each([
      ['half an object', '{bad', 400],
      ['a list', '[]', 400],
      ['nothing', '', 400],
    ])('refuses %s as a body', async (_, body, status) => {
      expect(await target().ask('POST', at.services, body)).toMatchObject({ status, body: { kind: 'Status' } });
    });

    it('refuses a body in an unknown format', async () => {
      const answer = await target().ask('POST', at.services, 'hello', { contentType: 'text/plain' });
      expect(answer.body).toMatchObject(
        refusal(415, 'UnsupportedMediaType', /^the body of the request was in an unknown/),
      );
    });
  });
}
