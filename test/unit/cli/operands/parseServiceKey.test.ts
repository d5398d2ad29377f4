import { describe, expect, it } from 'vitest';
import { parseServiceKey } from '../../../../cli/operands/parseServiceKey.ts';

describe('the name of a Service', () => {
  it('the name of a Service is a namespace and a name', () => {
    expect(parseServiceKey('shop/db')).toEqual({ namespace: 'shop', name: 'db' });
  });

  it.each(['db', 'shop/', '/db', 'shop/db/0', 'Shop/db', 'shop db'])(
    'is refused as %j, with the form to write',
    (text) => {
      expect(() => parseServiceKey(text)).toThrowError('write NAMESPACE/SERVICE');
    },
  );
});
