import { formatLocation, type Problem } from '../../core/errors/problem.ts';
import type { Failure, TestRun } from '../../core/policy-test/run-test.ts';
import type { TestResult } from '../actions/test-repo.ts';
import { problemBlock } from './problems-pretty.ts';
import { type Style, visible } from './style.ts';

/** The assertions that do not hold, each with its lines and what was decided, and a last line with the numbers. */
export function testPretty(result: TestResult, style: Style, coverage: boolean, width?: number): string {
  const blocks = result.runs.flatMap((run) =>
    run.failures.map((failure) => {
      const rows: [string, string][] = [
        ['expected', failure.expected],
        ['got', failure.got],
        ['rule', ruleText(failure, result)],
      ];
      const { decision } = failure;
      if (decision.effect === 'deny' && decision.nearestMiss) {
        const { policy, at } = decision.nearestMiss;
        const place = formatLocation(result.shown(at));
        rows.push(['near', `AccessPolicy ${policy} (${place}) would allow it on request`]);
      }
      const lines = rows.map(([label, text]) => `  ${style.bold(`${label}:`.padEnd(9))} ${visible(text)}`);
      const problem = failureProblem(run, failure, result);
      const { fix: _, ...shown } = problem;
      return [problemBlock(shown, result.texts.get(problem.at.file), style, width), ...lines].join('\n');
    }),
  );
  if (coverage) blocks.push(coverageText(result, style));
  return [...blocks, testSummary(result, style)].join('\n\n');
}

/** One line: how many tests there were and how they went. */
export function testSummary({ runs, failed, ok, dir, coverage, minCoverage }: TestResult, style: Style): string {
  const label = ok ? style.green('ok:') : style.red('not ok:');
  if (runs.length === 0) return `${label} no tests found in ${visible(dir)}`;
  const assertions = runs.reduce((sum, { test }) => sum + test.expect.length, 0);
  const parts = [count(runs.length, 'test'), count(assertions, 'assertion')];
  if (failed > 0) parts.push(`${failed} failed`);
  if (minCoverage !== undefined && coverage.percent < minCoverage) {
    parts.push(`coverage ${coverage.percent} % is below ${minCoverage} %`);
  }
  return `${label} ${parts.join(', ')}`;
}

/** A failure as a problem at its assertion. */
export function failureProblem({ test }: TestRun, failure: Failure, result: TestResult): Problem {
  return {
    rule: `test/${test.name}`,
    severity: 'error',
    message: failure.message,
    fix: `expected ${failure.expected}, got ${failure.got} by ${ruleText(failure, result)}`,
    at: result.shown(failure.at),
  };
}

/** The rule that decided, with its place. */
export function ruleText({ decision }: Failure, { shown }: TestResult): string {
  const { kind, name, at } = decision.rule;
  if (kind === 'default') return 'default deny';
  return `${kind} ${name}${at ? ` (${formatLocation(shown(at))})` : ''}`;
}

function coverageText({ coverage, shown }: TestResult, style: Style): string {
  const { rules, unreached, percent } = coverage;
  const head = `${style.bold('coverage:')} ${rules - unreached.length} of ${count(rules, 'rule')}, ${percent} %`;
  const rows = unreached.map(({ kind, name, at }) =>
    visible(`  not reached: ${kind} ${name} (${formatLocation(shown(at))})`),
  );
  return [head, ...rows].join('\n');
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}
