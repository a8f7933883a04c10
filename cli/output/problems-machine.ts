/** Problems for programs: JSON, SARIF 2.1.0, JUnit XML and the workflow commands of GitHub Actions. */

import type { Location, Problem } from '../../core/errors/problem.ts';
import type { ValidateReport } from '../../core/schema/validate-report.ts';
import type { ValidateResult } from '../actions/validate-repo.ts';
import { visible } from './style.ts';

/** JSON as schemas/v1/validate-report.schema.json says. */
export function problemsJson(result: ValidateResult): string {
  const report: ValidateReport = {
    version: 1,
    ok: result.errors === 0,
    documents: result.documents,
    errors: result.errors,
    warnings: result.warnings,
    problems: result.problems.map(({ rule, severity, message, fix, at }) => ({
      rule,
      severity,
      message,
      ...(fix === undefined ? {} : { fix }),
      file: at.file,
      line: at.line,
      column: at.column,
      ...(at.end ? { endLine: at.end.line, endColumn: at.end.column } : {}),
    })),
  };
  return JSON.stringify(report, undefined, 2);
}

/** SARIF 2.1.0, for code scanning. */
export function problemsSarif(result: ValidateResult, version: string): string {
  const rules = [...new Set(result.problems.map((problem) => problem.rule))].sort();
  return JSON.stringify(
    {
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'Sluice', version, rules: rules.map((id) => ({ id })) } },
          columnKind: 'utf16CodeUnits',
          results: result.problems.map(({ rule, severity, message, fix, at }) => ({
            ruleId: rule,
            level: severity,
            message: { text: fix === undefined ? message : `${message}. Fix: ${fix}` },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: at.file.split('/').map(encodeURIComponent).join('/') },
                  region: {
                    startLine: at.line,
                    startColumn: at.column,
                    ...(at.end ? { endLine: at.end.line, endColumn: at.end.column } : {}),
                  },
                },
              },
            ],
          })),
        },
      ],
    },
    undefined,
    2,
  );
}

/** JUnit XML: a test case for each file, failed when an error is in it. */
export function problemsJunit(result: ValidateResult, command: 'validate' | 'lint' = 'validate'): string {
  const byFile = new Map<string, Problem[]>([...result.texts.keys()].sort().map((file) => [file, []]));
  for (const problem of result.problems) {
    byFile.set(problem.at.file, [...(byFile.get(problem.at.file) ?? []), problem]);
  }
  const cases = [...byFile].map(([file, problems]) => {
    const inside = problems.map((problem) => {
      const { at, rule, severity, message, fix } = problem;
      const text = xml(`${at.file}:${at.line}:${at.column} ${message}${fix === undefined ? '' : `\nfix: ${fix}`}`);
      return severity === 'error'
        ? `      <failure type="${xml(rule)}" message="${xml(message)}">${text}</failure>\n`
        : `      <system-out>${xml(`warning ${rule}: `)}${text}</system-out>\n`;
    });
    const open = `    <testcase classname="sluice.${command}" name="${xml(file)}"`;
    return inside.length === 0 ? `${open}/>\n` : `${open}>\n${inside.join('')}    </testcase>\n`;
  });
  const failures = result.errors;
  const head = `tests="${byFile.size}" failures="${failures}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${head}>\n  <testsuite name="sluice ${command}" ${head}>\n${cases.join('')}  </testsuite>\n</testsuites>\n`;
}

/** Annotations on the lines of a pull request. Nothing of a file can start a workflow command of its own. */
export function problemsGithub(result: ValidateResult): string {
  return result.problems.map((problem) => githubCommand(problem)).join('');
}

/** One annotation; `label` stands before the second line. */
export function githubCommand({ rule, severity, message, fix, at }: Problem, label = 'fix: '): string {
  const text = fix === undefined ? message : `${message}\n${label}${fix}`;
  return annotation(severity, at, rule, text);
}

/** A workflow command that puts text on a line of a file. */
export function annotation(level: 'error' | 'warning' | 'notice', at: Location, title: string, text: string): string {
  const end = at.end ? `,endLine=${at.end.line},endColumn=${at.end.column}` : '';
  const place = `file=${property(at.file)},line=${at.line},col=${at.column}${end},title=${property(title)}`;
  return `::${level} ${place}::${data(text)}\n`;
}

/** A workflow command about the run as a whole. */
export function runAnnotation(level: 'error' | 'warning' | 'notice', title: string, text: string): string {
  return `::${level} title=${property(title)}::${data(text)}\n`;
}

/** Text for an XML element or attribute. */
export function xml(text: string): string {
  const named: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return visible(text).replace(/[&<>"]/g, (char) => named[char]!);
}

function data(text: string): string {
  return visible(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
