import { describe, expect, test } from 'vitest';
import { describeError } from '../../cli/output/error.ts';
import { problemsPretty } from '../../cli/output/problems-pretty.ts';
import { styleFor, visible } from '../../cli/output/style.ts';
import { AccessError, BugError, InputError, SourceError } from '../../core/errors/sluice-error.ts';

const plain = { colors: false };

describe('describeError', () => {
  test('says what, why, fix, where and the code', () => {
    const error = new SourceError('GitFailed', 'a git command failed', {
      why: 'no network',
      fix: 'try again',
      at: 'main',
    });
    expect(describeError(error, plain)).toEqual({
      text: 'error: a git command failed\n  why:  no network\n  fix:  try again\n  at:   main\n  code: GitFailed',
      exitCode: 3,
    });
  });

  test.each([
    [new InputError('BadUsage', 'x'), 2],
    [new InputError('BadDuration', 'x'), 2],
    [new InputError('FolderNotEmpty', 'x'), 3],
    [new InputError('RecordingDamaged', 'x'), 1],
    [new AccessError('NotEligible', 'x'), 1],
    [new BugError('x'), 70],
    [new TypeError('x is not a function'), 70],
    ['thrown text', 70],
  ])('%s ends with %d', (error, exitCode) => expect(describeError(error, plain).exitCode).toBe(exitCode));

  test('a stack is shown for bugs alone', () => {
    expect(describeError(new InputError('BadUsage', 'x'), plain).text).not.toContain('.test.ts');
    expect(describeError(new TypeError('x'), plain).text).toMatch(/this is a bug in Sluice[\s\S]*output\.test\.ts/);
  });

  test('text of others cannot steer the terminal', () => {
    expect(describeError(new InputError('BadUsage', 'a\x1b[2Jb\u202e'), plain).text).toBe(
      'error: a\\u001b[2Jb\\u202e\n  code: BadUsage',
    );
  });
});

describe('style', () => {
  test('colours or none', () => {
    expect(styleFor(true).red('x')).toBe('\x1b[31mx\x1b[39m');
    expect(styleFor(false).red('x')).toBe('x');
  });

  test('tabs and line breaks stay', () => expect(visible('a\tb\nc\r')).toBe('a\tb\nc\\u000d'));
});

test('a long line is cut around the place', () => {
  const line = `spec: { type: kafka, ${'x'.repeat(300)}bad: 1 }`;
  const column = line.indexOf('bad') + 1;
  const at = { file: 'a.yaml', line: 1, column, end: { line: 1, column: column + 3 } };
  const result = {
    problems: [{ rule: 'schema/unknown-key', severity: 'error' as const, message: 'unknown key', at }],
    errors: 1,
    warnings: 0,
    documents: 1,
    texts: new Map([['a.yaml', line]]),
    policySet: undefined,
    tests: [],
  };
  const lines = problemsPretty(result, styleFor(false)).split('\n');
  expect(lines[2]?.length).toBeLessThan(180);
  expect(lines[2]?.slice(lines[3]?.indexOf('^'))).toMatch(/^bad: 1/);
});
