import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitWidth, lengthOf } from '../../../cli/output/fit-width.ts';
import { styleFor } from '../../../cli/output/style.ts';

test.each([
  ['what fits stays', 'a  b: c', 'a  b: c'],
  ['a label', '  rule: one two three four', '  rule: one two\n        three four'],
  ['the last column', 'id-1  warn  one two three', 'id-1  warn  one two\n            three'],
  ['plain words', 'one two three four five six', 'one two three four\n  five six'],
  ['a path alone', '  --> a/very/long/path/of/a/file.yaml:1:2', '  -->\n    a/very/long/path/of/a/file.yaml:1:2'],
  ['a code frame', '  12 | some: line of a file', '  12 | some: line of a file'],
  [
    'a command, not within its quotes',
    '  ask: sluice can-i --reason "a b c d" --x',
    '  ask: sluice \\\n       can-i \\\n       --reason \\\n       "a b c d" \\\n       --x',
  ],
  [
    'a quote within quotes of a command',
    "sluice x --reason 'it'\\''s one two'",
    "sluice x --reason \\\n  'it'\\''s one two'",
  ],
])('%s', (_name, text, expected) => expect(fitWidth(text, 20)).toBe(expected));

test('without a width nothing changes', () => {
  const text = 'x '.repeat(300);
  expect(fitWidth(text, undefined)).toBe(text);
});

test('colour codes take no columns and are kept', () => {
  const { bold } = styleFor(true);
  const text = `  ${bold('near:')} ${bold('one')} two three four`;
  expect(fitWidth(text, 20)).toBe(`  ${bold('near:')} ${bold('one')} two\n        three four`);
});

test('no line is longer than the width unless a word of it is, and no word is lost', () => {
  const word = fc.stringMatching(/^[a-z:/.-]{1,20}$/);
  const line = fc.tuple(fc.nat(6), fc.array(fc.tuple(word, fc.nat(3)), { minLength: 1, maxLength: 12 }));
  fc.assert(
    fc.property(fc.array(line), fc.integer({ min: 40, max: 80 }), (lines, width) => {
      const text = lines
        .map(([indent, words]) => ' '.repeat(indent) + words.map(([one, gap]) => one + ' '.repeat(gap + 1)).join(''))
        .map((one) => one.trimEnd())
        .join('\n');
      const fitted = fitWidth(text, width);
      for (const one of fitted.split('\n')) expect(lengthOf(one)).toBeLessThanOrEqual(width);
      const words = (all: string): string[] => all.split(/\s+/).filter((one) => one !== '');
      expect(words(fitted)).toEqual(words(text));
    }),
  );
});
