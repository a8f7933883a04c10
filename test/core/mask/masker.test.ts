import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileMasks } from '../../../core/mask/compile-masks.ts';
import { maskKeys } from '../../../core/mask/mask-keys.ts';
import { applied, keys, maskedText, masker, policy } from './masking.ts';

describe('paths', () => {
  test.each<[string[], string, string]>([
    [['a redact'], '{"a":"x","b":"x"}', '{"a":"[REDACTED:a]","b":"x"}'],
    [['a.b redact'], '{"a":{"b":"x","c":"x"},"b":"x"}', '{"a":{"b":"[REDACTED:a.b]","c":"x"},"b":"x"}'],
    [['a redact'], '{"a":"x","a":"y"}', '{"a":"[REDACTED:a]","a":"[REDACTED:a]"}'],
    [
      ['ssn redact'],
      '{"\\u0073sn":"x","s\\u0073\\u006e":"y"}',
      '{"\\u0073sn":"[REDACTED:ssn]","s\\u0073\\u006e":"[REDACTED:ssn]"}',
    ],
    [
      ['größe redact'],
      '{"größe":"x","gr\\u00f6\\u00dfe":"x"}',
      '{"größe":"[REDACTED:größe]","gr\\u00f6\\u00dfe":"[REDACTED:größe]"}',
    ],
    [['a redact'], '{"A":"x","aa":"x","":"x"}', '{"A":"x","aa":"x","":"x"}'],
    [['a[*].b redact'], '{"a":[{"b":"x"},{"b":"y"}]}', '{"a":[{"b":"[REDACTED:a[*].b]"},{"b":"[REDACTED:a[*].b]"}]}'],
    [['a.b redact'], '{"a":[[{"b":"x"}]]}', '{"a":[[{"b":"[REDACTED:a.b]"}]]}'],
    [['a[*].b redact'], '{"a":{"b":"x"}}', '{"a":{"b":"[REDACTED:a[*].b]"}}'],
    [['a redact'], '[{"a":"x"}]', '[{"a":"[REDACTED:a]"}]'],
    [['**.a redact'], '{"a":"x","b":{"c":[{"a":"x"}]}}', '{"a":"[REDACTED:**.a]","b":{"c":[{"a":"[REDACTED:**.a]"}]}}'],
    [
      ['a.**.b redact'],
      '{"b":"x","a":{"b":"x","c":{"d":{"b":"x"}}}}',
      '{"b":"x","a":{"b":"[REDACTED:a.**.b]","c":{"d":{"b":"[REDACTED:a.**.b]"}}}}',
    ],
    [['** redact'], '{"a":[1,true,"x",null]}', '{"a":[0,false,"[REDACTED:**]",null]}'],
    [
      ['a redact'],
      '{"a":{"b":[1,-2.5e3,"x",true,false,null],"c":{}}}',
      '{"a":{"b":[0,0,"[REDACTED:a]",false,false,null],"c":{}}}',
    ],
    [
      ['a redact'],
      ' { "a" : "x" , "n" : 1.0 , "big":9007199254740993123 } ',
      ' { "a" : "[REDACTED:a]" , "n" : 1.0 , "big":9007199254740993123 } ',
    ],
    [['a redact', 'b.c redact'], '{"b":{"c":"","a":"x"},"a":null}', '{"b":{"c":"[REDACTED:b.c]","a":"x"},"a":null}'],
  ])('%j on %s', (rules, text, expected) => {
    expect(maskedText(masker(...rules), text)).toBe(expected);
  });

  test('what has no field to be masked is passed on as the same bytes', () => {
    expect(masker('a redact').mask(Buffer.from('{"b":1}'))).toEqual({ kind: 'unchanged' });
    expect(masker('a redact').mask(null)).toEqual({ kind: 'unchanged' });
  });

  test.each(['', 'a..b', 'a.*', 'a[0]', '.a', '[*]'])('%j is no path', (path) => {
    expect(() => masker(`${path} redact`)).toThrow(expect.objectContaining({ code: 'InvalidPolicyRepo' }));
  });

  test('many paths of any depth stay quick', () => {
    const rules = Array.from({ length: 500 }, (_, i) => `**.a${i}.**.b${i % 7}.c redact`);
    const text = JSON.stringify({ a1: { b1: { c: 'x', a2: { b2: { c: 'y', d: 'z' } } } } });
    expect(maskedText(masker(...rules), text)).toMatch(/"c":"\[REDACTED:.*"c":"\[REDACTED:.*"d":"z"/);
  });
});

describe('actions', () => {
  test('hash: equal in one policy, whatever the escapes, and not in another one', () => {
    const one = maskedText(masker('a hash', 'b hash'), '{"a":"bob","b":"b\\u006fb"}');
    expect(one).toMatch(/^\{"a":"(h1:k1:[A-Za-z0-9_-]{22})","b":"\1"\}$/);
    const other = compileMasks(applied([policy(['a hash'], { name: 'q' })]), 'consume', keys)!;
    expect(one).not.toContain(maskedText(other, '{"a":"bob"}').slice(6, -2));
    const otherKey = compileMasks(applied([policy(['a hash'])]), 'consume', maskKeys('k1', Buffer.alloc(32, 8)))!;
    expect(one).not.toContain(maskedText(otherKey, '{"a":"bob"}').slice(6, -2));
  });

  test('hash without a key, and of numbers and booleans, redacts', () => {
    const keyless = compileMasks(applied([policy(['a hash'])]), 'consume', undefined)!;
    expect(maskedText(keyless, '{"a":"x"}')).toBe('{"a":"[REDACTED:a]"}');
    expect(maskedText(masker('a hash'), '{"a":[12345,true,null]}')).toBe('{"a":[0,false,null]}');
  });

  test('hash is HMAC-SHA256, for keys and values of any length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 200 }),
        fc.string(),
        fc.uint8Array({ maxLength: 3000 }),
        (key, domain, value) => {
          const mac = createHmac('sha256', key).update(`sluice-mask-v1\0${domain}\0`).update(value);
          expect(maskKeys('k1', key).hash(domain, value)).toBe(`h1:k1:${mac.digest('base64url').slice(0, 22)}`);
        },
      ),
    );
  });

  test('keys are long enough and named plainly', () => {
    expect(() => maskKeys('k1', Buffer.alloc(31))).toThrow(expect.objectContaining({ code: 'BadKey' }));
    expect(() => maskKeys('k:1', Buffer.alloc(32))).toThrow(expect.objectContaining({ code: 'BadKey' }));
  });

  test.each([
    ['4111-1111-1111-1111', '****-****-****-1111'],
    ['1234567890', '******7890'],
    ['12345678', '******78'],
    ['1234567', '******7'],
    ['123456', '[REDACTED:a]'],
    ['', '[REDACTED:a]'],
    ['bob.smith@example.com', '***.*****@******e.com'],
    ['äöüäöüäöü', '******äöü'],
    ['\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}', '******\u{1f600}'],
    ['say \\"hello, you\\"', '*** \\"****o, you\\"'],
  ])('partial of "%s" is "%s"', (text, expected) => {
    expect(maskedText(masker('a partial'), `{"a":"${text}"}`)).toBe(`{"a":"${expected}"}`);
  });

  test('the strongest of several paths wins; a number can only be redacted', () => {
    const by = masker('a partial', 'a.b redact', 'a.c hash');
    const text = maskedText(by, '{"a":{"b":"0123456789","c":"0123456789","d":"0123456789","e":5}}');
    expect(text).toMatch(/^\{"a":\{"b":"\[REDACTED:a\.b\]","c":"h1:k1:.{22}","d":"\*{6}6789","e":0\}\}$/);
  });

  test('counts say the rule and what was done', () => {
    const result = masker('a partial', '@email redact').mask(
      Buffer.from('{"a":["0123456789","short",1],"b":"x@example.com y@example.com"}'),
    );
    expect(result).toMatchObject({
      counts: [
        { rule: 'p/a', action: 'redact', count: 2 },
        { rule: 'p/a', action: 'partial', count: 1 },
        { rule: 'p/email', action: 'redact', count: 2 },
      ],
    });
    expect(masker('a redact').mask(Buffer.from('{"a":1}'))).toMatchObject({ counts: [{ count: 1 }] });
  });
});

describe('a path and a detector on one field', () => {
  test('in one policy the path decides', () => {
    const by = masker('a partial', '@card redact');
    expect(maskedText(by, '{"a":"4111111111111111","b":"4111111111111111"}')).toBe(
      '{"a":"************1111","b":"[REDACTED:card]"}',
    );
  });

  test('another policy is not weakened by it', () => {
    const both = [policy(['a partial', 'n partial']), policy(['@card redact'], { name: 'q' })];
    const by = compileMasks(applied(both), 'consume', keys)!;
    const text = '{"a":"4111111111111111","a":"4\\u0031111111 11111111","a":"no card, but long"}';
    expect(maskedText(by, text)).toBe('{"a":"[REDACTED:card]","a":"******** ****1111","a":"** ****, *** long"}');
  });
});

describe('what applies', () => {
  const both = policy(['a redact', 'b redact']);
  test('rules that are lifted do not', () => {
    expect(maskedText(compileMasks(applied([both], ['a']), 'consume', keys)!, '{"a":"x","b":"x"}')).toBe(
      '{"a":"x","b":"[REDACTED:b]"}',
    );
    expect(compileMasks(applied([both], ['a', 'b']), 'consume', keys)).toBeUndefined();
    expect(compileMasks([], 'consume', keys)).toBeUndefined();
  });

  test('policies for the other direction do not', () => {
    expect(compileMasks(applied([policy(['a redact'], { on: ['produce'] })]), 'consume', keys)).toBeUndefined();
  });
});

describe('a value that cannot be masked', () => {
  test('is refused, or hidden whole where every policy says so', () => {
    const hide = policy(['a redact'], { name: 'q', unmaskable: 'redactAll' });
    const hides = compileMasks(applied([hide]), 'consume', keys)!;
    expect(maskedText(hides, 'not json')).toBe('"[REDACTED:value]"');
    expect(hides.mask(Buffer.from('not json'))).toMatchObject({
      counts: [{ rule: 'q/unmaskable', action: 'redact', count: 1 }],
    });
  });

  test('counts of many values come together', () => {
    const hide = policy(['a redact'], { name: 'q', unmaskable: 'redactAll' });
    const by = compileMasks(applied([hide]), 'consume', keys)!;
    const tally = by.tally();
    for (const text of ['{"a":1}', 'no json', '{"a":"x"}', '{"b":1}', 'no']) {
      const result = by.mask(Buffer.from(text));
      if (result.kind === 'masked') result.count(tally);
    }
    expect(tally.counts).toEqual([
      { rule: 'q/a', action: 'redact', count: 2 },
      { rule: 'q/unmaskable', action: 'redact', count: 2 },
    ]);
  });

  test('one that others would show is refused', () => {
    const hide = policy(['a redact'], { name: 'q', unmaskable: 'redactAll' });
    const refuses = compileMasks(applied([hide, policy(['a redact'])]), 'consume', keys)!;
    expect(refuses.mask(Buffer.from('not json'))).toEqual({ kind: 'unmaskable', code: 'NotJson' });
  });

  test('leaves nothing behind for the next one, and says nothing of itself', () => {
    const by = masker('a redact', '@email redact');
    const refused = by.mask(Buffer.from('{"a":"canary","b":"canary@example.com","canary'));
    expect(JSON.stringify(refused)).not.toContain('canary');
    expect(by.mask(Buffer.from('{"b":"x"}'))).toEqual({ kind: 'unchanged' });
  });
});

test('only what is masked changes, whatever the document is', () => {
  const by = masker('**.secret redact', '**.part partial', '**.sum hash');
  const document = fc.object({
    key: fc.oneof(fc.constantFrom('secret', 'part', 'sum', 'x'), fc.string()),
    maxDepth: 4,
    values: [fc.string({ unit: 'binary' }), fc.double(), fc.boolean(), fc.constant(null), fc.constant('canary-value')],
  });
  const hide = (value: unknown, hidden: boolean): unknown => {
    if (Array.isArray(value)) return value.map((v) => hide(v, hidden));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([k, v]) => [k, hide(v, hidden || k === 'secret' || k === 'part' || k === 'sum')]),
      );
    }
    if (!hidden || value === null) return value;
    return typeof value === 'number' ? 0 : typeof value === 'boolean' ? false : '';
  };
  fc.assert(
    fc.property(document, fc.constantFrom(undefined, 1), (value, space) => {
      const text = JSON.stringify(value, undefined, space);
      const out = maskedText(by, text);
      expect(JSON.stringify(hide(JSON.parse(out), false))).toBe(JSON.stringify(hide(JSON.parse(text), false)));
    }),
    { numRuns: 2000 },
  );
});
