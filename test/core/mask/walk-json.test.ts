import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskedText, masker } from './masking.ts';

const any = masker('nowhere.to.be.found redact');
const verdict = (text: string | Uint8Array): string => maskedText(any, text);

/** What JSON.parse says of the same bytes, decoded strictly. */
function parses(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

const accepts = (bytes: Uint8Array): boolean => any.mask(bytes).kind === 'unchanged';

test.each([
  '{}',
  '[]',
  '0',
  '-0',
  '1.5e+10',
  '1E400',
  '"\\u0000"',
  'true',
  'false',
  'null',
  ' \t\r\n{ "a" : [ 1 , 2 ] } ',
  '"\ud83d\ude00"',
  '"\\ud800"',
  '[[[[]]]]',
  '{"a":{"a":{}}}',
  '9007199254740993123',
  '{"a":1,"a":2}',
  '"\\/"',
])('%j passes as it is', (text) => {
  expect(verdict(text)).toBe(text);
});

test.each([
  '',
  ' ',
  '{',
  '[',
  '"',
  '{]',
  '[}',
  '[1,]',
  '{"a":1,}',
  '{,}',
  '[,]',
  '{"a"}',
  '{"a":}',
  '{a:1}',
  "{'a':1}",
  '01',
  '-',
  '+1',
  '.5',
  '1.',
  '1e',
  '1e+',
  '0x1',
  'tru',
  'TRUE',
  'nul',
  'NaN',
  'undefined',
  '1 2',
  '{} {}',
  '"a\nb"',
  '"a\tb"',
  '"\\x"',
  '"\\u12"',
  '"\\u12g4"',
  '"\\',
  '//a\n1',
  '\ufeff1',
  '[1 2]',
  '{"a" 1}',
  '{"a":1 "b":2}',
  '\u00a01',
  '"a',
  ']',
  '}',
  ',',
  ':',
])('%j is not JSON', (text) => {
  expect(verdict(text)).toBe('!NotJson');
  expect(parses(Buffer.from(text))).toBe(false);
});

test.each([
  ['a byte that follows nothing', [0x22, 0x80, 0x22]],
  ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
  ['a longer overlong form', [0x22, 0xe0, 0x80, 0xaf, 0x22]],
  ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ['beyond Unicode', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
  ['half a character', [0x22, 0xe2, 0x82, 0x22]],
  ['in a name', [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]],
  ['outside of strings', [0xff, 0x31]],
])('%s is not UTF-8', (_, bytes) => {
  expect(verdict(Uint8Array.from(bytes))).toBe('!NotUtf8');
});

test('containers are at most 128 deep', () => {
  const deep = (n: number): string => `${'[{"a":'.repeat(n / 2)}1${'}]'.repeat(n / 2)}`;
  expect(verdict(deep(128))).toBe(deep(128));
  expect(verdict(deep(130))).toBe('!TooDeep');
  expect(verdict('['.repeat(1_000_000))).toBe('!TooDeep');
});

describe('it agrees with JSON.parse about what is JSON', () => {
  const json = fc.json({ maxDepth: 5, stringUnit: 'binary' });
  const pieces = fc.constantFrom(
    ...[
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '0',
      '-',
      '.',
      'e',
      '+',
      'true',
      'null',
      '\\u00e9',
      '\\ud83d',
      ' ',
      '\n',
      '\u0000',
      'é',
    ],
  );

  test('for documents', () => {
    fc.assert(
      fc.property(json, (text) => accepts(Buffer.from(text)) === parses(Buffer.from(text))),
      { numRuns: 2000 },
    );
  });

  test('for documents with a piece put in, taken out or changed', () => {
    fc.assert(
      fc.property(
        json,
        fc.array(fc.tuple(fc.nat(), fc.nat(3), pieces), { minLength: 1, maxLength: 3 }),
        (text, changes) => {
          let changed = text;
          for (const [at, cut, piece] of changes) {
            const i = at % (changed.length + 1);
            changed = changed.slice(0, i) + piece + changed.slice(i + cut);
          }
          const bytes = Buffer.from(changed);
          expect(accepts(bytes), JSON.stringify(changed)).toBe(parses(bytes));
        },
      ),
      { numRuns: 20_000 },
    );
  });

  test('for documents with bytes changed', () => {
    fc.assert(
      fc.property(
        json,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 }),
        (text, changes) => {
          const bytes = Buffer.from(text);
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          expect(accepts(bytes), bytes.toString('hex')).toBe(parses(bytes));
        },
      ),
      { numRuns: 20_000 },
    );
  });
});
