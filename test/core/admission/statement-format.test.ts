import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ApprovalStatement, MergeStatement } from '../../../core/admission/evidence.ts';
import { formatStatement, parseApproval, parseMerge } from '../../../core/admission/statement-format.ts';

const text = fc
  .string({ minLength: 1, maxLength: 60, unit: 'grapheme' })
  .filter((one) => one.length <= 256 && one.isWellFormed());
const instant = fc.integer({ min: 0, max: Date.UTC(2200, 0) });

const approvals: fc.Arbitrary<ApprovalStatement> = fc.record({
  version: fc.constant(1),
  repoId: text,
  branch: text,
  kind: fc.constantFrom('grant', 'policy'),
  uid: fc.oneof(text, fc.constant('')),
  digest: text,
  parts: fc.dictionary(text, text, { maxKeys: 8, noNullPrototype: true }),
  verdict: fc.constantFrom('approve', 'reject'),
  baseCommit: text,
  signedAt: instant,
  expiresAt: instant,
});
const merges: fc.Arbitrary<MergeStatement> = fc.record({
  version: fc.constant(1),
  repoId: text,
  branch: text,
  base: text,
  head: text,
  mergedAt: instant,
});

test('what is written is read back, and as nothing else', () => {
  fc.assert(
    fc.property(approvals, (statement) => {
      const written = formatStatement(statement);
      expect(parseApproval(written)).toEqual(statement);
      expect(parseMerge(written)).toBeUndefined();
    }),
  );
  fc.assert(
    fc.property(merges, (statement) => {
      const written = formatStatement(statement);
      expect(parseMerge(written)).toEqual(statement);
      expect(parseApproval(written)).toBeUndefined();
    }),
  );
});

test('one statement has one text: any other with the same meaning is refused', () => {
  fc.assert(
    fc.property(approvals, fc.nat(), fc.constantFrom(' ', '\n', '\t', ''), (statement, at, gap) => {
      const written = formatStatement(statement);
      const fields = Object.entries(JSON.parse(written) as object);
      const turned = JSON.stringify(Object.fromEntries([...fields.slice(1), fields[0]!]));
      const padded = written.replaceAll('","', `",${gap}"`);
      for (const other of [turned, padded, `${written}\n`, ` ${written}`, written.slice(0, at % written.length)]) {
        if (other !== written) expect(parseApproval(other)).toBeUndefined();
      }
    }),
  );
});

const whole: ApprovalStatement = {
  version: 1,
  repoId: 'r',
  branch: 'main',
  kind: 'grant',
  uid: 'u',
  digest: 'd',
  parts: { grant: 'x' },
  verdict: 'approve',
  baseCommit: 'b',
  signedAt: 0,
  expiresAt: 1,
};

test.each<[string, (value: Record<string, unknown>) => void]>([
  ['a field more', (v) => Object.assign(v, { admin: true })],
  ['another version', (v) => Object.assign(v, { version: 2 })],
  ['another verdict', (v) => Object.assign(v, { verdict: 'maybe' })],
  ['another kind', (v) => Object.assign(v, { kind: 'root' })],
  ['an empty digest', (v) => Object.assign(v, { digest: '' })],
  ['a time without milliseconds', (v) => Object.assign(v, { signedAt: '1970-01-01T00:00:00Z' })],
  ['a time with another offset', (v) => Object.assign(v, { signedAt: '1970-01-01T01:00:00.000+01:00' })],
  ['a time as a number', (v) => Object.assign(v, { signedAt: 0 })],
  ['parts as a list', (v) => Object.assign(v, { parts: ['x'] })],
  ['a part that is no text', (v) => Object.assign(v, { parts: { grant: 1 } })],
  ['a branch too long', (v) => Object.assign(v, { branch: 'b'.repeat(257) })],
  ['a field less', (v) => delete v['uid']],
])('refused: %s', (_name, bend) => {
  const value = JSON.parse(formatStatement(whole)) as Record<string, unknown>;
  bend(value);
  const sorted = Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  expect(parseApproval(JSON.stringify(sorted))).toBeUndefined();
});

test.each(['', 'null', '[]', '1', '{', '"x"', `{"a":"${'x'.repeat(9000)}"}`])('refused: %s', (other) => {
  expect(parseApproval(other)).toBeUndefined();
  expect(parseMerge(other)).toBeUndefined();
});

test('a key given twice is refused, whichever a reader would take', () => {
  const written = formatStatement(whole);
  expect(
    parseApproval(written.replace('"verdict":"approve"', '"verdict":"reject","verdict":"approve"')),
  ).toBeUndefined();
});
