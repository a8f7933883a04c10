import { expect, test } from 'vitest';
import type { PlanResult } from '../../cli/actions/plan-change.ts';
import { longestComment, planMarkdown } from '../../cli/output/plan-markdown.ts';
import { planPretty } from '../../cli/output/plan-pretty.ts';
import { styleFor } from '../../cli/output/style.ts';
import { emptyPolicySet } from '../../core/plan/empty-policy-set.ts';
import type { AccessChange, SettingChange } from '../../core/plan/plan.ts';

const hostile = '`</code>` | **x** @everyone [l](javascript:x) <img src=x>\n## no\u202e\u001b[31m';

function change(fields: Partial<AccessChange> = {}): AccessChange {
  return {
    what: 'access',
    how: 'standing',
    aspects: ['access'],
    principals: ['alice'],
    claims: [],
    operations: ['consume'],
    regions: [{ kind: 'topic', cluster: 'main', streams: ['orders'], names: ['orders.*'] }],
    before: 'nothing',
    after: 'standing',
    causes: [],
    ...fields,
  };
}

function resultOf(
  widens: readonly (AccessChange | SettingChange)[],
  narrows: readonly AccessChange[] = [],
): PlanResult {
  return {
    base: 'a'.repeat(40),
    head: undefined,
    problems: [],
    plan: {
      widens,
      narrows,
      hours: { before: 0, after: 1 },
      principals: { widened: 1, all: 2 },
      limits: [],
      digest: `sha256:${'0'.repeat(64)}`,
    },
    unacknowledged: false,
    before: emptyPolicySet,
    after: emptyPolicySet,
    dir: '.',
  };
}

test('whatever the repo says stays in a code span', () => {
  const text = planMarkdown(
    resultOf([
      change({
        principals: [hostile],
        claims: [{ issuer: hostile, claim: hostile, value: hostile }],
        regions: [{ kind: 'group', cluster: hostile, streams: [], names: [hostile] }],
        before: hostile,
        after: hostile,
        causes: [{ kind: 'Group', name: hostile, change: 'added', fields: [], file: hostile, line: 1 }],
      }),
    ]),
  );
  // Code spans, by the rule of CommonMark: a run of backticks up to the next run of the same length.
  const outside = text.replaceAll(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, '');
  expect(outside).not.toMatch(/[<>[\]@|]|javascript|everyone/);
  expect(text.split('\n').filter((line) => line.startsWith('## '))).toEqual(['## This change widens access']);
  for (const char of ['\u202e', '\u001b']) expect(text).not.toContain(char);
});

test('a comment holds what fits: narrowings go first, and a widening that is left out is told at the top', () => {
  const many = (n: number): AccessChange[] =>
    Array.from({ length: n }, (_, i) => change({ principals: [`someone-${i}`], after: 'x'.repeat(900) }));
  const few = planMarkdown(resultOf(many(40), many(60)));
  expect(few.length).toBeLessThanOrEqual(longestComment);
  expect(few).toMatch(/^## This change widens access/);
  expect(few.match(/\*\*standing access\*\* for/g)!.length).toBeGreaterThan(40);
  expect(few).toMatch(/\d+ of 60 narrowings do not fit into this comment\./);
  const all = planMarkdown(resultOf(many(500), many(1)));
  expect(all.length).toBeLessThanOrEqual(longestComment);
  expect(all).toMatch(/^> \[!CAUTION\]\n> \*\*\d+ of 500 widenings do not fit into this comment\.\*\*/);
});

test('at a terminal nothing of the repo is a command, and lines keep to the width', () => {
  const text = planPretty(
    resultOf([change({ principals: [hostile], after: 'word '.repeat(60) })]),
    styleFor(false),
    60,
  );
  expect(text).not.toContain('\u001b');
  for (const line of text.split('\n').filter((one) => one.includes('word')))
    expect(line.length).toBeLessThanOrEqual(60);
});
