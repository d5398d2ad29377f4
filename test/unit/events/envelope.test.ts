import { describe, expect, it } from 'vitest';
import { codeOf, ZenLeadError } from '../../../lib/errors.ts';
import { type Envelope, type Headers, parseEnvelope } from '../../../lib/events/envelope.ts';
import { aReconcileEvent, binary, encodeHeaderValue, structured } from '../../support/objects/anEvent.ts';

const structuredHeaders = { 'content-type': 'application/cloudevents+json' };
const minimal = { specversion: '1.0', id: 'a', source: '/s', type: 't' };

function refusal(headers: Headers, body: Buffer | string): { code: string; path: string | undefined; message: string } {
  try {
    parseEnvelope(headers, Buffer.from(body));
  } catch (error) {
    if (error instanceof ZenLeadError) return { code: error.code, path: error.path, message: error.message };
    throw error;
  }
  throw new Error('it was accepted');
}

const parse = (event: object): Envelope => {
  const { headers, body } = structured(event);
  return parseEnvelope(headers, body);
};

describe('an envelope in either mode', () => {
  const { data: _, ...attributes } = {
    ...aReconcileEvent(),
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };

  it('reads the same event from both', () => {
    const event = { ...attributes, data: aReconcileEvent().data };
    const fromStructured = parseEnvelope(structured(event).headers, structured(event).body);
    const fromBinary = parseEnvelope(binary(event).headers, binary(event).body);
    expect(fromBinary).toEqual(fromStructured);
    expect(fromStructured).toMatchObject({ id: 'e1', type: 'io.zen-lead.pod.modified', source: '/clusters/test' });
    expect(fromStructured.time).toBe(Date.parse('2026-11-20T10:00:00Z'));
    expect(fromStructured.data).toEqual({ kind: 'json', value: event.data });
  });

  const wrong: [name: string, change: object, path: string][] = [
    ['no id', { id: undefined }, 'id'],
    ['an empty id', { id: '' }, 'id'],
    ['no source', { source: undefined }, 'source'],
    ['an empty source', { source: '' }, 'source'],
    ['a source with a space', { source: '/a b' }, 'source'],
    ['a source with half an escape', { source: '/a%2' }, 'source'],
    ['a source whose scheme is none', { source: '1a:b' }, 'source'],
    ['no type', { type: undefined }, 'type'],
    ['an empty type', { type: '' }, 'type'],
    ['no specversion', { specversion: undefined }, 'specversion'],
    ['specversion 0.3', { specversion: '0.3' }, 'specversion'],
    ['specversion 2.0', { specversion: '2.0' }, 'specversion'],
    ['an empty subject', { subject: '' }, 'subject'],
    ['a time that is none', { time: 'yesterday' }, 'time'],
    ['a time without offset', { time: '2026-11-20T10:00:00' }, 'time'],
    ['a date only', { time: '2026-11-20' }, 'time'],
    ['a day that the month lacks', { time: '2026-02-30T10:00:00Z' }, 'time'],
    ['an hour 25', { time: '2026-11-20T25:00:00Z' }, 'time'],
    ['a relative dataschema', { dataschema: '/schemas/x' }, 'dataschema'],
    ['a datacontenttype that is none', { datacontenttype: 'json' }, 'datacontenttype'],
  ];
  it.each(wrong)('refuses %s', (_name, change, path) => {
    expect(
      refusal(structured({ ...minimal, ...change }).headers, structured({ ...minimal, ...change }).body),
    ).toMatchObject({ code: 'INPUT_INVALID', path });
    const defined = Object.fromEntries(
      Object.entries({ ...minimal, ...change }).filter(([, value]) => value !== undefined),
    );
    const inBinary = refusal(binary({ ...defined, data: {} }).headers, '{}');
    expect(inBinary.code).toBe('INPUT_INVALID');
    expect(inBinary.message).toContain(path === 'datacontenttype' ? 'content-type' : path);
  });

  it('reads times to the letter of RFC 3339', () => {
    expect(parse({ ...minimal, time: '2026-11-20t11:00:00.123456789+01:00' }).time).toBe(
      Date.parse('2026-11-20T10:00:00.123Z'),
    );
    expect(parse({ ...minimal, time: '2016-12-31T23:59:60Z' }).time).toBe(Date.parse('2017-01-01T00:00:00Z'));
    expect(parse({ ...minimal, time: '0001-01-01T00:00:00-00:30' }).time).toBe(Date.parse('0001-01-01T00:30:00Z'));
  });

  it.each(['/', 'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66', 'https://[::1]:443/a?b#c', '../x', '?q', 'a/b:c'])(
    'accepts the source %s',
    (source) => expect(parse({ ...minimal, source }).source).toBe(source),
  );
});

describe('structured mode', () => {
  it.each([
    ['an upper-case attribute', { eventType: 'x' }, '"eventType"'],
    ['an attribute with a dash', { 'my-ext': 'x' }, '"my-ext"'],
    ['an attribute with an underscore', { my_ext: 'x' }, '"my_ext"'],
    ['an id that is a number', { id: 7 }, 'id'],
    ['an extension that is an object', { ext: {} }, 'ext'],
    ['an extension that is a fraction', { ext: 1.5 }, 'ext'],
    ['an extension beyond 32 bits', { ext: 2 ** 31 }, 'ext'],
    ['a control character', { ext: 'a\u0007' }, 'ext'],
    ['a noncharacter', { ext: 'a\ufffe' }, 'ext'],
    ['an unpaired surrogate', { ext: 'a\ud800' }, 'ext'],
    ['data and data_base64', { data: 1, data_base64: 'MQ==' }, 'data_base64'],
    ['an attribute of more than 64 KiB', { ext: 'x'.repeat(64 * 1024 + 1) }, 'ext'],
  ])('refuses %s', (_name, change, path) => {
    const { headers, body } = structured({ ...minimal, ...change });
    expect(refusal(headers, body)).toMatchObject({ code: 'INPUT_INVALID', path });
  });

  it('lets unknown extensions pass and keeps their types', () => {
    const { extensions } = parse({ ...minimal, aaa: 'x', bbb: true, ccc: -5, ddd: null, eee: '' });
    expect(extensions).toEqual(
      new Map<string, unknown>([
        ['aaa', 'x'],
        ['bbb', true],
        ['ccc', -5],
        ['eee', ''],
      ]),
    );
  });

  it('takes null for unset', () => {
    expect(parse({ ...minimal, subject: null, time: null })).not.toHaveProperty('subject');
    expect(refusal(structuredHeaders, JSON.stringify({ ...minimal, id: null })).path).toBe('id');
  });

  it('distinguishes data null from no data', () => {
    expect(parse({ ...minimal, data: null }).data).toEqual({ kind: 'json', value: null });
    expect(parse(minimal).data).toEqual({ kind: 'none' });
  });

  it('decodes data_base64, and assumes no type where none is stated', () => {
    const data_base64 = Buffer.from('{"a":1}').toString('base64');
    const json = { datacontenttype: 'application/json' };
    expect(parse({ ...minimal, ...json, data_base64 }).data).toEqual({ kind: 'json', value: { a: 1 } });
    expect(parse({ ...minimal, data_base64 }).data).toEqual({ kind: 'opaque' });
    expect(parse({ ...minimal, data_base64, datacontenttype: 'application/x-protobuf' }).data).toEqual({
      kind: 'opaque',
    });
  });

  it.each([
    ['is not base64', 'M'],
    ['holds no JSON', Buffer.from('{').toString('base64')],
    ['holds no UTF-8', Buffer.from([0xc3, 0x28]).toString('base64')],
  ])('says what is wrong with data_base64 that %s', (_name, data_base64) => {
    const { data } = parse({ ...minimal, datacontenttype: 'application/json', data_base64 });
    expect(data).toEqual({ kind: 'unreadable', problem: expect.stringMatching(/^data_base64: /) });
  });

  it('takes text that declares itself not JSON as opaque', () => {
    expect(parse({ ...minimal, datacontenttype: 'text/xml', data: '<a/>' }).data).toEqual({ kind: 'opaque' });
    expect(parse({ ...minimal, datacontenttype: 'application/vnd.x+json', data: [1] }).data.kind).toBe('json');
  });

  it.each([
    ['[]', 'an array'],
    ['"x"', 'a string'],
    ['null', 'null'],
  ])('refuses %s as an event (%s)', (body) => {
    expect(refusal(structuredHeaders, body)).toMatchObject({ code: 'INPUT_INVALID', path: 'body' });
  });

  it.each([
    'application/cloudevents+json',
    'application/cloudevents+json; charset=UTF-8',
    'Application/CloudEvents+JSON;charset="utf-8"',
  ])('accepts the content type %s', (type) => {
    expect(parseEnvelope({ 'content-type': type }, Buffer.from(JSON.stringify(minimal))).id).toBe('a');
  });

  it.each([
    ['a batch', { 'content-type': 'application/cloudevents-batch+json' }, 'content-type'],
    ['another event format', { 'content-type': 'application/cloudevents+avro' }, 'content-type'],
    ['latin-1', { 'content-type': 'application/cloudevents+json; charset=iso-8859-1' }, 'content-type'],
    ['gzip', { ...structuredHeaders, 'content-encoding': 'gzip' }, 'content-encoding'],
  ])('does not accept %s', (_name, headers, path) => {
    expect(refusal(headers, JSON.stringify(minimal))).toMatchObject({ code: 'INPUT_UNSUPPORTED', path });
  });
});

describe('JSON that two parsers could read differently', () => {
  const text = (inner: string): string => `${JSON.stringify(minimal).slice(0, -1)},${inner}}`;
  it.each<[string, string | Buffer, string]>([
    ['a byte order mark', `\ufeff${JSON.stringify(minimal)}`, 'body'],
    ['__proto__', text('"__proto__":{"x":1}'), '"__proto__"'],
    ['__proto__ escaped', text('"\\u005f_proto__":"x"'), '"__proto__"'],
    ['constructor.prototype', text('"constructor":{"prototype":{}}'), 'constructor'],
    ['NaN', text('"data":NaN'), 'body'],
    ['a trailing comma', text('"data":1,'), 'body'],
    ['a comment', text('"data":1/*x*/'), 'body'],
    ['two documents', `${JSON.stringify(minimal)}{}`, 'body'],
    ['nothing', '', 'body'],
    ['an unterminated string', '{"id":"a', 'body'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d]), 'body'],
  ])('refuses %s', (_name, body, path) => {
    expect(refusal(structuredHeaders, body)).toMatchObject({ code: 'INPUT_INVALID', path });
  });

  it.each([
    ['__proto__', '{"__proto__":{"x":1}}', '__proto__'],
    ['__proto__ escaped', '{"\\u005f_proto__":{"x":1}}', '__proto__'],
    ['constructor.prototype', '{"constructor":{"prototype":{}}}', 'constructor.prototype'],
  ])('says where data holds %s', (_name, data, path) => {
    const { data: read } = parseEnvelope(structuredHeaders, Buffer.from(text(`"data":${data}`)));
    expect(read).toEqual({ kind: 'unreadable', problem: expect.stringContaining(`data.${path}: `) });
  });

  it('takes the last value of a name that occurs twice, as JSON.parse does', () => {
    expect(parseEnvelope(structuredHeaders, Buffer.from(text('"id":"last"'))).id).toBe('last');
  });

  it('survives a depth bomb', () => {
    const bomb = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(refusal(structuredHeaders, bomb)).toMatchObject({ path: 'body' });
    expect(parseEnvelope(structuredHeaders, Buffer.from(text(`"data":${bomb}`))).data.kind).toBe('unreadable');
    expect(refusal(structuredHeaders, text(`"ext":${bomb}`))).toMatchObject({ path: 'ext' });
  });

  it.each([
    ['at the bound', `${'['.repeat(64)}${']'.repeat(64)}`, true],
    ['one past the bound', `${'['.repeat(65)}${']'.repeat(65)}`, false],
    ['brackets within a string', `"${'['.repeat(100)}"`, true],
    ['past the bound after a string that ends in a backslash', `["\\\\",${'['.repeat(64)}${']'.repeat(64)}]`, false],
    ['past the bound after an escaped quote', `["\\"",${'['.repeat(64)}${']'.repeat(64)},"\\""]`, false],
    ['brackets in a string after an escaped quote', `"\\"${'['.repeat(100)}"`, true],
    ['100 objects side by side', `[${Array(100).fill('{}').join()}]`, true],
  ])('counts levels of data, not brackets: %s', (_, data, isFine) => {
    const fromStructured = parseEnvelope(structuredHeaders, Buffer.from(text(`"data":${data}`))).data;
    const fromBinary = parseEnvelope(binary(minimal).headers, Buffer.from(data)).data;
    const expected = isFine
      ? { kind: 'json', value: JSON.parse(data) }
      : { kind: 'unreadable', problem: expect.stringContaining('nested deeper than 64') };
    expect([fromStructured, fromBinary]).toEqual([expected, expected]);
  });

  it('gives binary mode the same answer', () => {
    const read = (body: string) => parseEnvelope(binary(minimal).headers, Buffer.from(body)).data;
    const problem = (text: string) => ({ kind: 'unreadable', problem: expect.stringContaining(text) });
    expect(read('{"__proto__":1}')).toEqual(problem('data.__proto__: '));
    expect(read('NaN')).toEqual(problem('data: is not JSON'));
    expect(read('\ufeff{}')).toEqual(problem('byte order mark'));
  });

  it('accepts a label that is called constructor, and names that only resemble one', () => {
    expect(parse({ ...minimal, data: { constructor: 'x', prototype: 1, a: { b: 1 }, c: { b: 1 } } }).data.kind).toBe(
      'json',
    );
  });
});

describe('binary mode', () => {
  const headers = { ...binary(minimal).headers };
  it('decodes percent-encoding once, and quoted strings', () => {
    const parsed = parseEnvelope(
      { ...headers, 'ce-a': 'Euro%20%E2%82%AC%20%f0%9f%98%80', 'ce-b': '"a \\"b\\" %20"', 'ce-c': '%2520' },
      Buffer.from('{}'),
    );
    expect(Object.fromEntries(parsed.extensions)).toEqual({ a: 'Euro € 😀', b: 'a "b"  ', c: '%20' });
  });

  it('encodes what it decodes', () => {
    const value = 'a "b" 100% é 😀';
    expect(encodeHeaderValue('Euro € 😀')).toBe('Euro%20%E2%82%AC%20%F0%9F%98%80');
    expect(parseEnvelope({ ...headers, 'ce-x': encodeHeaderValue(value) }, Buffer.alloc(0)).extensions.get('x')).toBe(
      value,
    );
  });

  it.each([
    ['an overlong encoding', { 'ce-a': '%C0%A0' }, 'ce-a'],
    ['half an escape', { 'ce-a': '100%' }, 'ce-a'],
    ['a quoted string without end', { 'ce-a': '"x' }, 'ce-a'],
    ['bytes beyond ASCII', { 'ce-a': 'caf\u00e9' }, 'ce-a'],
    ['an encoded control character', { 'ce-a': '%0A' }, 'a'],
    ['ce-datacontenttype', { 'ce-datacontenttype': 'application/json' }, 'ce-datacontenttype'],
    ['ce-data', { 'ce-data': '1' }, 'ce-data'],
    ['a header name with a dash', { 'ce-my-ext': 'x' }, '"my-ext"'],
    ['an empty ce-id', { 'ce-id': '' }, 'id'],
    ['ce-id twice', { 'ce-id': ['a', 'b'] }, 'ce-id'],
  ])('refuses %s', (_name, change, path) => {
    expect(refusal({ ...headers, ...change }, '{}')).toMatchObject({ code: 'INPUT_INVALID', path });
  });

  it('takes a body of another format, or of none, as opaque, and an empty one as no data', () => {
    expect(parseEnvelope({ ...headers, 'content-type': 'text/plain' }, Buffer.from('x')).data.kind).toBe('opaque');
    const { 'content-type': _, ...untyped } = headers;
    expect(parseEnvelope(untyped, Buffer.from('x')).data.kind).toBe('opaque');
    expect(parseEnvelope(headers, Buffer.alloc(0)).data.kind).toBe('none');
  });

  it('takes a plain JSON request for what it is: no event', () => {
    const noEvent = { code: 'INPUT_UNSUPPORTED', path: 'content-type' };
    expect(refusal({ 'content-type': 'application/json' }, '{}')).toMatchObject(noEvent);
    expect(refusal({}, '{}')).toMatchObject({ code: 'INPUT_INVALID', path: 'specversion' });
    expect(codeOf(new Error('x'))).toBeUndefined();
  });
});
