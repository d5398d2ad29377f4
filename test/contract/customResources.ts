/**
 * Tests the contract of custom resources: a definition is served as its schema says.
 *
 * The embedded API server does not evaluate rules in CEL, and keeps no managedFields.
 */

import { beforeAll, describe, expect, it, vi } from 'vitest';
import { refusal } from './objects.ts';
import { jsonPatch, mergePatch, strategicPatch, type Target } from './target.ts';
import { useNamespace } from './useNamespace.ts';

const group = 'contract.example.com';
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

const specSchema = {
  type: 'object',
  required: ['steps'],
  properties: {
    size: { type: 'integer', minimum: 1, maximum: 9, default: 3 },
    mode: { type: 'string', enum: ['Fast', 'Slow'], default: 'Fast' },
    steps: {
      type: 'array',
      minItems: 1,
      maxItems: 3,
      items: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string', maxLength: 8, minLength: 1, pattern: '^[a-z]+$' },
          retry: { type: 'object', properties: { limit: { type: 'integer', default: 2 } } },
          template: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    },
    policy: { type: 'object', default: {}, properties: { limit: { type: 'integer', default: 6 } } },
    parameters: { type: 'object', maxProperties: 2, additionalProperties: { type: 'string' } },
    at: { type: 'string', format: 'date-time' },
  },
};

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `plans.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'plans', singular: 'plan', kind: 'Plan', listKind: 'PlanList', shortNames: ['pl'] },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
          { name: 'Size', type: 'integer', jsonPath: '.spec.size', priority: 1 },
          { name: 'Owner', type: 'string', jsonPath: '.metadata.labels.example\\.com/owner' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            required: ['spec'],
            properties: {
              spec: specSchema,
              status: { type: 'object', properties: { phase: { type: 'string' }, count: { type: 'integer' } } },
            },
          },
        },
      },
    ],
  },
};

const aPlan = (name: string, spec: object = {}, more: object = {}) => ({
  apiVersion: `${group}/v1alpha1`,
  kind: 'Plan',
  metadata: { name },
  spec: { steps: [{ name: 'a' }], ...spec },
  ...more,
});

export function describeCustomResources(target: () => Target): void {
  describe('custom resources', () => {
    const namespace = useNamespace(target, 'contract-custom');
    const plans = `/apis/${group}/v1alpha1/namespaces/${namespace}/plans`;

    beforeAll(async () => {
      const { ask } = target();
      expect(await ask('POST', definitions, definition)).toMatchObject({ status: 201 });
      await vi.waitFor(async () => expect(await ask('GET', plans)).toMatchObject({ status: 200 }), {
        timeout: 30_000,
        interval: 100,
      });
    });

    it('serves a definition, and says that it is established', async () => {
      const { ask } = target();
      const { body } = await ask('GET', `${definitions}/plans.${group}`);
      expect(body).toMatchObject({
        status: { acceptedNames: { plural: 'plans', kind: 'Plan' }, storedVersions: ['v1alpha1'] },
      });
      expect(body).toMatchObject({
        status: {
          conditions: expect.arrayContaining([expect.objectContaining({ type: 'Established', status: 'True' })]),
        },
      });
      expect((await ask('GET', `/apis/${group}/v1alpha1`)).body).toMatchObject({
        kind: 'APIResourceList',
        resources: expect.arrayContaining([
          expect.objectContaining({ name: 'plans', kind: 'Plan', shortNames: ['pl'], namespaced: true }),
          expect.objectContaining({ name: 'plans/status' }),
        ]),
      });
    });

    it('fills in the defaults of a custom resource, also below a default', async () => {
      const { ask } = target();
      const spec = { steps: [{ name: 'a', retry: {} }], mode: null };
      const { status, body } = await ask('POST', plans, aPlan('defaults', spec));
      expect({ status, body }).toMatchObject({ status: 201, body: { metadata: { generation: 1 } } });
      expect(body).toMatchObject({
        spec: { size: 3, mode: 'Fast', policy: { limit: 6 }, steps: [{ name: 'a', retry: { limit: 2 } }] },
      });
    });

    it('prunes unknown fields, but those that the schema preserves', async () => {
      const { ask } = target();
      const template = { anything: { goes: [1, null], lists: [{ of: ['objects', { too: true }] }] } };
      const { body } = await ask('POST', plans, aPlan('pruned', { steps: [{ name: 'a', template, odd: 1 }], odd: 1 }));
      expect(body).toMatchObject({ spec: { steps: [{ name: 'a', template }] } });
      expect(JSON.stringify(body)).not.toContain('odd');
    });

    it('refuses unknown fields where validation is strict, and warns where that is asked for', async () => {
      const { ask } = target();
      const plan = aPlan('strict', { steps: [{ name: 'a', odd: 1 }] });
      const refused = await ask('POST', `${plans}?fieldValidation=Strict`, plan);
      expect(refused.body).toMatchObject(refusal(400, 'BadRequest', /unknown field "spec\.steps\[0\]\.odd"/));
      const warned = await ask('POST', `${plans}?fieldValidation=Warn&dryRun=All`, plan);
      expect(warned).toMatchObject({ status: 201, headers: { warning: expect.stringContaining('spec.steps[0].odd') } });
    });

    it.each([
      ['without a field that is required', { steps: null }, /spec\.steps: Required value/],
      ['with an element without its name', { steps: [{}] }, /spec\.steps\[0\]\.name: Required value/],
      ['with a value of another type', { steps: 'a' }, /spec\.steps in body must be of type array: "string"/],
      ['with a number that is not whole', { size: 1.5 }, /spec\.size in body must be of type integer: "number"/],
      ['with an unknown choice', { mode: 'Odd' }, /Unsupported value: "Odd": supported values: "Fast", "Slow"/],
      ['with a number too small', { size: 0 }, /spec\.size in body should be greater than or equal to 1/],
      ['with a number too large', { size: 10 }, /spec\.size in body should be less than or equal to 9/],
      ['with too few elements', { steps: [] }, /spec\.steps in body should have at least 1 items/],
      [
        'with too many elements',
        { steps: Array(4).fill({ name: 'a' }) },
        /spec\.steps: Too many: 4: must have at most 3/,
      ],
      ['with a long text', { steps: [{ name: 'abcdefghi' }] }, /Too long: may not be more than 8 bytes/],
      ['with a short text', { steps: [{ name: '' }] }, /should be at least 1 chars long/],
      [
        'with a text of another form',
        { steps: [{ name: 'A' }] },
        /steps\[0\]\.name in body should match '\^\[a-z\]\+\$'/,
      ],
      [
        'with too many entries',
        { parameters: { a: '1', b: '2', c: '3' } },
        /spec\.parameters: Too many: 3: must have at/,
      ],
      ['with an entry of another type', { parameters: { a: 1 } }, /spec\.parameters\.a in body must be of type string/],
      ['with an instant that is none', { at: 'noon' }, /spec\.at in body must be of type date-time: "noon"/],
    ])('refuses a custom resource %s', async (_, spec, message) => {
      const answer = await target().ask('POST', plans, aPlan('refused', spec));
      expect(answer.body).toMatchObject(refusal(422, 'Invalid', message));
    });

    it('takes the status of a custom resource by its subresource only', async () => {
      const { ask } = target();
      const made = await ask('POST', plans, aPlan('status', {}, { status: { phase: 'Early' } }));
      expect(made.body).not.toHaveProperty('status');
      await ask('PATCH', `${plans}/status`, { status: { phase: 'Main' } }, mergePatch);
      expect((await ask('GET', `${plans}/status`)).body).not.toHaveProperty('status');
      const patch = { metadata: { labels: { a: 'b' } }, spec: { size: 9 }, status: { phase: 'Done', odd: 1 } };
      const patched = await ask('PATCH', `${plans}/status/status`, patch, mergePatch);
      expect(patched).toMatchObject({ status: 200, body: { spec: { size: 3 }, metadata: { generation: 1 } } });
      expect(patched.body).toHaveProperty('status', { phase: 'Done' });
      expect(patched.body).not.toHaveProperty('metadata.labels');
    });

    it('refuses a status of another type', async () => {
      const { ask } = target();
      await ask('POST', plans, aPlan('bad-status'));
      const answer = await ask('PATCH', `${plans}/bad-status/status`, { status: { count: 'x' } }, mergePatch);
      expect(answer.body).toMatchObject(refusal(422, 'Invalid', /count in body must be of type integer/));
    });

    it('counts generations of the spec, and not of metadata', async () => {
      const { ask } = target();
      await ask('POST', plans, aPlan('generation'));
      const labelled = await ask('PATCH', `${plans}/generation`, { metadata: { labels: { a: 'b' } } }, mergePatch);
      expect(labelled.body).toMatchObject({ metadata: { generation: 1 } });
      const changed = await ask(
        'PATCH',
        `${plans}/generation`,
        [{ op: 'add', path: '/spec/size', value: 4 }],
        jsonPatch,
      );
      expect(changed.body).toMatchObject({ metadata: { generation: 2 }, spec: { size: 4 } });
    });

    it('fences a patch of a custom resource by version with 409, and by uid with 422', async () => {
      const { ask } = target();
      const made = await ask('POST', plans, aPlan('fenced'));
      const { resourceVersion } = (made.body as { metadata: { resourceVersion: string } }).metadata;
      await ask('PATCH', `${plans}/fenced`, { spec: { size: 5 } }, mergePatch);
      const late = await ask(
        'PATCH',
        `${plans}/fenced`,
        { metadata: { resourceVersion }, spec: { size: 6 } },
        mergePatch,
      );
      expect(late.body).toMatchObject(refusal(409, 'Conflict', /the object has been modified/));
      const other = await ask(
        'PATCH',
        `${plans}/fenced`,
        { metadata: { uid: 'another' }, spec: { size: 7 } },
        mergePatch,
      );
      expect(other.body).toMatchObject(
        refusal(422, 'Invalid', /metadata\.uid: Invalid value: "another": field is immutable/),
      );
    });

    it('fences a patch of the status by version', async () => {
      const { ask } = target();
      const made = await ask('POST', plans, aPlan('fenced-status'));
      const { resourceVersion } = (made.body as { metadata: { resourceVersion: string } }).metadata;
      await ask('PATCH', `${plans}/fenced-status`, { spec: { size: 5 } }, mergePatch);
      const late = { metadata: { resourceVersion }, status: { phase: 'Late' } };
      const answer = await ask('PATCH', `${plans}/fenced-status/status`, late, mergePatch);
      expect(answer.body).toMatchObject(refusal(409, 'Conflict', /the object has been modified/));
    });

    it('refuses a PUT of a custom resource without its version, and a strategic patch', async () => {
      const { ask } = target();
      await ask('POST', plans, aPlan('replaced'));
      expect((await ask('PUT', `${plans}/replaced`, aPlan('replaced'))).body).toMatchObject(
        refusal(422, 'Invalid', /metadata\.resourceVersion: Invalid value: .*must be specified for an update/),
      );
      expect(await ask('PATCH', `${plans}/replaced`, { spec: { size: 4 } }, strategicPatch)).toMatchObject({
        status: 415,
      });
    });

    it('shows the printer columns of a definition in a table', async () => {
      const { ask } = target();
      await ask('POST', plans, {
        ...aPlan('shown'),
        metadata: { name: 'shown', labels: { 'example.com/owner': 'me' } },
      });
      await ask('PATCH', `${plans}/shown/status`, { status: { phase: 'Running' } }, mergePatch);
      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
      const { body } = await ask('GET', `${plans}/shown`, undefined, { accept });
      expect(body).toMatchObject({
        kind: 'Table',
        columnDefinitions: [
          { name: 'Name', type: 'string', format: 'name' },
          { name: 'Phase', type: 'string', priority: 0 },
          { name: 'Size', type: 'integer', priority: 1 },
          { name: 'Owner' },
          { name: 'Age', type: 'date' },
        ],
        rows: [{ cells: ['shown', 'Running', 3, 'me', expect.stringMatching(/^\d+s$/)] }],
      });
      await ask('POST', plans, aPlan('new'));
      const empty = await ask('GET', `${plans}/new`, undefined, { accept });
      expect(empty.body).toMatchObject({ rows: [{ cells: ['new', null, 3, null, expect.any(String)] }] });
    });

    it('watches custom resources, and collects them with their owner', async () => {
      const { ask, watch } = target();
      const made = await ask('POST', plans, aPlan('owner'));
      const { uid, resourceVersion } = (made.body as { metadata: { uid: string; resourceVersion: string } }).metadata;
      const owner = { apiVersion: `${group}/v1alpha1`, kind: 'Plan', name: 'owner', uid, controller: true };
      const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owned', ownerReferences: [owner] } };
      await ask('POST', `/api/v1/namespaces/${namespace}/configmaps`, config);
      await ask('DELETE', `${plans}/owner`);
      const lines = await watch(
        `${plans}?watch=1&resourceVersion=${resourceVersion}&fieldSelector=metadata.name%3Downer`,
        {
          count: 1,
        },
      );
      expect(lines).toMatchObject([{ type: 'DELETED', object: { kind: 'Plan', metadata: { uid } } }]);
      // A real garbage collector looks for new kinds every 30 s.
      await expect
        .poll(async () => (await ask('GET', `/api/v1/namespaces/${namespace}/configmaps/owned`)).status, {
          timeout: 90_000,
        })
        .toBe(404);
    });

    it('takes the objects of a definition along when it is deleted', async () => {
      const { ask } = target();
      const names = { plural: 'notes', singular: 'note', kind: 'Note', listKind: 'NoteList' };
      const other = { ...definition, metadata: { name: `notes.${group}` }, spec: { ...definition.spec, names } };
      const notes = `/apis/${group}/v1alpha1/namespaces/${namespace}/notes`;
      await ask('POST', definitions, other);
      await expect.poll(async () => (await ask('POST', notes, { ...aPlan('kept'), kind: 'Note' })).status).toBe(201);
      await ask('DELETE', `${definitions}/notes.${group}`);
      await expect.poll(async () => (await ask('GET', notes)).status).toBe(404);
    });

    it('refuses a definition whose name does not follow from its group', async () => {
      const answer = await target().ask('POST', definitions, {
        ...definition,
        metadata: { name: 'plans.example.com' },
      });
      expect(answer.body).toMatchObject(
        refusal(422, 'Invalid', /metadata\.name: Invalid value: "plans\.example\.com": must be spec\.names\.plural/),
      );
    });
  });
}
