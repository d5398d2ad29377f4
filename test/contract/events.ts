/**
 * Tests the contract of Events, which are one storage in two API groups.
 */

import { describe, expect, it } from 'vitest';
import { namesOf, paths, refusal } from './objects.ts';
import { mergePatch, type Target } from './target.ts';
import { useNamespace } from './useNamespace.ts';

const anEvent = (name: string, fields: object = {}) => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name },
  eventTime: '2026-01-01T00:00:00.000000Z',
  reportingController: 'zen-lead.io/functions',
  reportingInstance: 'one',
  action: 'Elect',
  reason: 'LeaderElected',
  type: 'Normal',
  note: 'db-0 leads',
  regarding: { apiVersion: 'v1', kind: 'Service', namespace: 'contract-events', name: 'db', uid: 'u' },
  ...fields,
});

export function describeEvents(target: () => Target): void {
  describe('Events', () => {
    const at = paths(useNamespace(target, 'contract-events'));

    it('shows an event of events.k8s.io/v1 as one of v1', async () => {
      const { ask } = target();
      expect(await ask('POST', at.newEvents, anEvent('seen'))).toMatchObject({
        status: 201,
        body: { apiVersion: 'events.k8s.io/v1', note: 'db-0 leads', deprecatedFirstTimestamp: null },
      });
      expect((await ask('GET', `${at.events}/seen`)).body).toMatchObject({
        apiVersion: 'v1',
        kind: 'Event',
        message: 'db-0 leads',
        involvedObject: { kind: 'Service', name: 'db', uid: 'u' },
        reportingComponent: 'zen-lead.io/functions',
        source: {},
        firstTimestamp: null,
        lastTimestamp: null,
      });
    });

    it('refuses an event whose name is taken', async () => {
      const { ask } = target();
      await ask('POST', at.newEvents, anEvent('once'));
      expect((await ask('POST', at.newEvents, anEvent('once'))).body).toMatchObject(
        refusal(409, 'AlreadyExists', /events.* "once" already exists/),
      );
    });

    it('finds the events of an object, as kubectl describe does', async () => {
      const { ask } = target();
      const regarding = { apiVersion: 'v1', kind: 'Service', namespace: 'contract-events', name: 'web', uid: 'w' };
      await ask('POST', at.newEvents, anEvent('about-web', { regarding }));
      const selector = encodeURIComponent('involvedObject.name=web,involvedObject.kind=Service,involvedObject.uid=w');
      expect(namesOf(await ask('GET', `${at.events}?fieldSelector=${selector}`))).toEqual(['about-web']);
    });

    it.each([
      ['without eventTime', { eventTime: null }, /eventTime: Required value/],
      ['of an unknown type', { type: 'Odd' }, /type: Invalid value: "": has invalid value: Odd/],
      ['without a reporter', { reportingController: '' }, /reportingController/],
      [
        'about something without namespace',
        { regarding: { kind: 'Service', name: 'x' } },
        /does not match event.namespace/,
      ],
      ['with a note of 1025 characters', { note: 'n'.repeat(1025) }, /message: .*can have at most 1024 characters/],
    ])('refuses an event %s', async (_, fields, message) => {
      const answer = await target().ask('POST', at.newEvents, anEvent('refused', fields));
      expect(answer.body).toMatchObject(refusal(422, 'Invalid', message));
    });

    it('refuses an event of v1 about an object in another namespace', async () => {
      const event = {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'old' },
        involvedObject: { kind: 'Service', name: 'x', namespace: 'default' },
      };
      expect((await target().ask('POST', at.events, event)).body).toMatchObject(
        refusal(422, 'Invalid', /involvedObject.namespace: Invalid value: "default": does not match event.namespace/),
      );
    });

    it('patches an event in either form', async () => {
      const { ask } = target();
      await ask('POST', at.newEvents, anEvent('patched'));
      await ask('PATCH', `${at.events}/patched`, { metadata: { labels: { a: 'b' } } }, mergePatch);
      expect((await ask('GET', `${at.newEvents}/patched`)).body).toMatchObject({
        note: 'db-0 leads',
        metadata: { labels: { a: 'b' } },
      });
    });
  });
}
