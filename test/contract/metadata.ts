/**
 * Tests names, labels, owners and unknown fields: what of metadata is refused, and with which
 * words.
 */

import { describe, expect, it } from 'vitest';
import { aConfigMap, aPod, aService, metadataOf, paths, refusal } from './objects.ts';
import { mergePatch, strategicPatch, type Target } from './target.ts';
import { useNamespace } from './useNamespace.ts';

const owner = (fields: object) => ({ apiVersion: 'v1', kind: 'Service', name: 'x', uid: 'u', ...fields });

export function describeMetadata(target: () => Target): void {
  describe('metadata', () => {
    const at = paths(useNamespace(target, 'contract-metadata'));

    it.each([
      [
        'a Service whose name starts with a digit',
        'services',
        aService('1c'),
        /a DNS-1035 label must consist of lower case/,
      ],
      [
        'a Service whose name is upper case',
        'services',
        aService('Abc'),
        /a DNS-1035 label must consist of lower case/,
      ],
      ['a Service whose name has 64 characters', 'services', aService('a'.repeat(64)), /must be no more than 63 char/],
      ['a pod whose name has an underscore', 'pods', aPod('a_b'), /a lowercase RFC 1123 subdomain must consist of/],
      [
        'a label key with a space',
        'services',
        aService('l', {}, { labels: { 'a b': 'c' } }),
        /metadata.labels: Invalid value: "a b": name part must/,
      ],
      [
        'a label value with a space',
        'services',
        aService('l', {}, { labels: { a: 'b c' } }),
        /metadata.labels: Invalid value: "b c": a valid label must/,
      ],
      [
        'an annotation key with a space',
        'services',
        aService('l', {}, { annotations: { 'a b': 'c' } }),
        /metadata.annotations: Invalid value: "a b": name part must/,
      ],
      [
        'an owner without uid',
        'services',
        aService('l', {}, { ownerReferences: [owner({ uid: '' })] }),
        /metadata.ownerReferences.uid: Invalid value: "": must not be empty/,
      ],
      [
        'two controllers',
        'services',
        aService('l', {}, { ownerReferences: [owner({ controller: true }), owner({ uid: 'v', controller: true })] }),
        /Only one reference can have Controller set to true/,
      ],
      [
        'no name at all',
        'configMaps',
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} },
        /metadata.name: Required value: name or generateName is required/,
      ],
    ] as const)('refuses %s', async (_, resource, object, message) => {
      expect((await target().ask('POST', at[resource], object)).body).toMatchObject(refusal(422, 'Invalid', message));
    });

    it('accepts a Service name of 63 characters, and dots in a pod name', async () => {
      const { ask } = target();
      expect(await ask('POST', at.services, aService('a'.repeat(63)))).toMatchObject({ status: 201 });
      expect(await ask('POST', at.pods, aPod('a.b'))).toMatchObject({ status: 201 });
    });

    it('generates a name from generateName', async () => {
      const answer = await target().ask('POST', at.configMaps, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { generateName: 'made-' },
      });
      expect(metadataOf(answer).name).toMatch(/^made-[a-z0-9]{5}$/);
    });

    it('refuses an object of a namespace that does not exist', async () => {
      const answer = await target().ask('POST', paths('nowhere').services, aService('homeless'));
      expect(answer.body).toMatchObject({
        ...refusal(404, 'NotFound', 'namespaces "nowhere" not found'),
        details: { name: 'nowhere', kind: 'namespaces' },
      });
    });

    it('labels a namespace with its name and makes it Active', async () => {
      expect((await target().ask('GET', '/api/v1/namespaces/contract-metadata')).body).toMatchObject({
        metadata: { labels: { 'kubernetes.io/metadata.name': 'contract-metadata' } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      });
    });

    const unknown = { ports: [{ port: 80, bar: 1 }], foo: 1 };

    it('refuses unknown fields with strict validation', async () => {
      const answer = await target().ask('POST', `${at.services}?fieldValidation=Strict`, aService('strict', unknown));
      expect(answer.body).toMatchObject(
        refusal(
          400,
          'BadRequest',
          'Service in version "v1" cannot be handled as a Service: strict decoding error: unknown field "spec.ports[0].bar", unknown field "spec.foo"',
        ),
      );
    });

    it('drops unknown fields and warns, without strict validation', async () => {
      const answer = await target().ask('POST', `${at.services}?fieldValidation=Warn`, aService('warned', unknown));
      expect(answer.status).toBe(201);
      expect(answer.body).not.toHaveProperty('spec.foo');
      expect([answer.headers['warning']].flat().join()).toContain('299 - "unknown field \\"spec.foo\\""');
    });

    it.each([
      ['merge', mergePatch],
      ['strategic', strategicPatch],
    ])('refuses unknown fields in a strict %s patch', async (name, form) => {
      const { ask } = target();
      await ask('POST', at.services, aService(`strict-${name}`));
      const path = `${at.services}/strict-${name}?fieldValidation=Strict`;
      const answer = await ask('PATCH', path, { spec: { foo: 1 } }, form);
      expect(answer.body).toMatchObject(refusal(422, 'Invalid', /strict decoding error: unknown field "spec\.foo"$/));
    });

    it('refuses a value of another type, and names the field', async () => {
      const answer = await target().ask('POST', at.services, aService('typed', { ports: [{ port: 'x' }] }));
      expect(answer.body).toMatchObject(
        refusal(
          400,
          'BadRequest',
          'Service in version "v1" cannot be handled as a Service: json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32',
        ),
      );
    });

    const lease = (renewTime: string) => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { generateName: 'timed-' },
      spec: { holderIdentity: 'a', renewTime },
    });

    it.each([
      ['2026-01-01T00:00:00.123Z', '.123Z', '.000000'],
      ['2026-01-01T00:00:00Z', 'Z', '.000000'],
      ['2026-01-01T00:00:00.1234567Z', '7Z', 'Z07:00'],
      ['yesterday', 'yesterday', '2006'],
    ])('refuses %s where an instant in microseconds belongs', async (time, rest, as) => {
      const message = `parsing time "${time}" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "${rest}" as "${as}"`;
      expect((await target().ask('POST', at.leases, lease(time))).body).toMatchObject(
        refusal(400, 'BadRequest', `Lease in version "v1" cannot be handled as a Lease: ${message}`),
      );
    });

    it('returns instants in UTC, those of seconds without a fraction', async () => {
      const { ask } = target();
      expect(await ask('POST', at.leases, lease('2026-01-01T02:00:00.123456+02:00'))).toMatchObject({
        status: 201,
        body: { spec: { renewTime: '2026-01-01T00:00:00.123456Z' } },
      });
      await ask('POST', at.pods, aPod('timed'));
      const condition = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T02:00:00.789+02:00' };
      const patch = { status: { conditions: [condition] } };
      expect(await ask('PATCH', `${at.pods}/timed/status`, patch, mergePatch)).toMatchObject({
        status: 200,
        body: { status: { conditions: [{ lastTransitionTime: '2026-01-01T00:00:00Z' }] } },
      });
    });

    it('refuses an object of another kind', async () => {
      const answer = await target().ask('POST', at.services, aPod('odd'));
      expect(answer.body).toMatchObject(
        refusal(400, 'BadRequest', /^Pod in version "v1" cannot be handled as a Service/),
      );
    });

    it('refuses a deletionTimestamp that a client writes', async () => {
      const { ask } = target();
      await ask('POST', at.configMaps, aConfigMap('kept-meta'));
      const patch = { metadata: { deletionTimestamp: '2001-01-01T00:00:00Z' } };
      expect((await ask('PATCH', `${at.configMaps}/kept-meta`, patch, mergePatch)).body).toMatchObject(
        refusal(422, 'Invalid', /metadata\.deletionTimestamp: Invalid value: .*: field is immutable/),
      );
    });

    it('keeps uid and creationTimestamp, whatever a client writes or leaves out', async () => {
      const { ask } = target();
      const { uid, creationTimestamp } = metadataOf(await ask('POST', at.configMaps, aConfigMap('put-meta')));
      const kept = { status: 200, body: { metadata: { uid, creationTimestamp } } };
      expect(
        await ask('PUT', `${at.configMaps}/put-meta`, { ...aConfigMap('put-meta'), data: { a: '1' } }),
      ).toMatchObject(kept);
      const patch = { metadata: { creationTimestamp: '2001-01-01T00:00:00Z' } };
      expect(await ask('PATCH', `${at.configMaps}/put-meta`, patch, mergePatch)).toMatchObject(kept);
    });
  });
}
