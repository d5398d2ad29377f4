import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../../lib/errors.ts';
import { parseLine } from '../../../lib/recording/parseLine.ts';
import { type RecordedDelivery, toLine } from '../../../lib/recording/recordedLine.ts';
import { aDelivery, T0 } from '../../support/objects/aDelivery.ts';
import { aCandidate, aReconcileEvent, aSnapshot, uid } from '../../support/objects/anEvent.ts';

const read = (delivery: RecordedDelivery) => parseLine(toLine(delivery).trimEnd());

describe('a recorded line', () => {
  it('holds what was decided on, and when', () => {
    expect(read(aDelivery())).toMatchObject({
      kind: 'reconcile',
      service: { namespace: 'shop', name: 'db' },
      type: 'io.zen-lead.pod.modified',
      change: { kind: 'Pod', name: 'db-0', verb: 'modified' },
      at: T0,
      status: 200,
      basis: 'event',
      snapshot: aSnapshot(),
      recorded: { decision: 'elected', reason: 'FirstLeader', leader: { name: 'db-0' } },
    });
  });

  it('decides on the state that was read, where the function read it', () => {
    const found = aSnapshot({ candidates: [aCandidate({ name: 'db-9', uid: uid('pod-9') })] });
    const line = read(aDelivery({ reply: { basis: 'read', snapshot: found } }));
    expect(line).toMatchObject({ basis: 'read', snapshot: found });
  });

  it('a recorded line has nothing to decide on after a read whose state is missing, even if the event brought some', () => {
    expect(read(aDelivery({ reply: { basis: 'read' } }))).toMatchObject({ basis: null, snapshot: null });
  });

  it('decides for the time of sending where no answer came', () => {
    const line = read({ ...aDelivery(), reply: null, status: 0 });
    expect(line).toMatchObject({ at: T0 - 1, status: 0, recorded: null, basis: 'event' });
  });

  it('a recorded line may be a bare CloudEvent, which is decided for its own time', () => {
    const line = parseLine(JSON.stringify(aReconcileEvent({ time: '2026-11-20T10:00:00.123Z' })));
    expect(line).toMatchObject({
      kind: 'reconcile',
      at: T0 + 123,
      status: null,
      recorded: null,
      snapshot: aSnapshot(),
    });
  });

  it('a recorded line may be one of our bare announcements', () => {
    const { reply } = aDelivery();
    expect(parseLine(JSON.stringify(reply))).toMatchObject({ at: T0, snapshot: null, recorded: reply?.data });
  });

  it('a recorded line may be an event of another kind, which holds nothing to decide on', () => {
    const foreign = { ...aReconcileEvent(), type: 'dev.knative.apiserver.resource.update', data: {} };
    expect(parseLine(JSON.stringify(foreign))).toEqual({ kind: 'other', type: foreign.type });
  });

  it.each([
    { text: '{"event":', says: 'is not JSON' },
    { text: '[]', says: 'is not a JSON object' },
    { text: '{"status":200}', says: 'event: is missing' },
    { text: '{"event":null}', says: 'event: is not a JSON object' },
    { text: JSON.stringify({ ...aDelivery(), status: 'ok' }), says: 'status: must be a whole number' },
    { text: JSON.stringify({ ...aDelivery(), sentAt: -1 }), says: 'sentAt: must be epoch milliseconds' },
    {
      text: JSON.stringify({ ...aDelivery(), event: { ...aReconcileEvent(), subject: 'db' } }),
      says: 'event.subject: ',
    },
    {
      text: JSON.stringify({ ...aDelivery(), event: { ...aReconcileEvent(), type: 'x.y' } }),
      says: 'event.type: "x.y"',
    },
    {
      text: JSON.stringify({ ...aDelivery(), event: { ...aReconcileEvent(), data: { deadline: 1 } } }),
      says: 'event: data.change: ',
    },
    {
      text: JSON.stringify({ ...aDelivery(), reply: { ...aDelivery().reply, data: { decision: 'guessed' } } }),
      says: 'reply.data.decision: ',
    },
  ])('a recorded line that cannot be read says where: $says', ({ text, says }) => {
    expect(() => parseLine(text)).toThrowError(says);
  });
});

describe('any text at all', () => {
  it('any text at all is read, or refused with one of our errors', () => {
    const whole = JSON.parse(toLine(aDelivery()));
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom('event', 'reply', 'status', 'sentAt', 'event.data', 'reply.data'),
        (value, path) => {
          const line = structuredClone(whole);
          const [first = '', second] = path.split('.');
          if (second === undefined) line[first] = value;
          else line[first][second] = value;
          try {
            parseLine(JSON.stringify(line));
          } catch (error) {
            expect(codeOf(error)).toMatch(/^INPUT_/);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
