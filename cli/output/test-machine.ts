/** Results of policy tests for programs: JSON, JUnit XML and the workflow commands of GitHub Actions. */
import type { TestReport } from '../../core/schema/test-report.ts';
import type { TestResult } from '../actions/test-repo.ts';
import { githubCommand, xml } from './problems-machine.ts';
import { failureProblem, ruleText } from './test-pretty.ts';

/** JSON as schemas/v1/test-report.schema.json says. */
export function testJson(result: TestResult, withCoverage: boolean): string {
  const { runs, failed, ok, coverage, shown } = result;
  const report: TestReport = {
    version: 1,
    ok,
    passed: runs.length - failed,
    failed,
    tests: runs.map((run) => {
      const { file, line } = shown(run.test.at);
      return {
        name: run.test.name,
        ok: run.failures.length === 0,
        assertions: run.test.expect.length,
        file,
        line,
        failures: run.failures.map((failure) => {
          const at = shown(failure.at);
          const miss = failure.decision.effect === 'deny' ? failure.decision.nearestMiss : undefined;
          return {
            message: failure.message,
            expected: failure.expected,
            got: failure.got,
            rule: ruleText(failure, result),
            ...(miss ? { nearestMiss: miss.policy } : {}),
            file: at.file,
            line: at.line,
            column: at.column,
          };
        }),
      };
    }),
    ...(withCoverage
      ? {
          coverage: {
            rules: coverage.rules,
            reached: coverage.rules - coverage.unreached.length,
            percent: coverage.percent,
            unreached: coverage.unreached.map(({ kind, name, at }) => {
              const { file, line, column } = shown(at);
              return { kind, name, file, line, column };
            }),
          },
        }
      : {}),
  };
  return JSON.stringify(report, undefined, 2);
}

/** JUnit XML: a test case for each PolicyTest. */
export function testJunit(result: TestResult): string {
  const { runs, failed } = result;
  const cases = runs.map((run) => {
    const file = result.shown(run.test.at).file;
    const open = `    <testcase classname="${xml(file)}" name="${xml(run.test.name)}"`;
    const inside = run.failures.map((failure) => {
      const { at, message, fix } = failureProblem(run, failure, result);
      const text = `${at.file}:${at.line}:${at.column} ${message}\n${fix}`;
      return `      <failure type="assertion" message="${xml(message)}">${xml(text)}</failure>\n`;
    });
    return inside.length === 0 ? `${open}/>\n` : `${open}>\n${inside.join('')}    </testcase>\n`;
  });
  const head = `tests="${runs.length}" failures="${failed}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${head}>\n  <testsuite name="sluice test" ${head}>\n${cases.join('')}  </testsuite>\n</testsuites>\n`;
}

/** An annotation on the line of each assertion that does not hold. */
export function testGithub(result: TestResult): string {
  return result.runs
    .flatMap((run) => run.failures.map((failure) => githubCommand(failureProblem(run, failure, result), '')))
    .join('');
}
