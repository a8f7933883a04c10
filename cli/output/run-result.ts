/** A check in a workflow, as the workflow takes it: annotations on stdout, outputs and the summary in its files. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { InputError } from '../../core/errors/sluice-error.ts';
import type { StickyOutcome } from '../../core/forge/hosted/sticky-comment.ts';
import { makeFolder } from '../actions/make-folder.ts';
import type { ChangeReport } from '../actions/report-change.ts';
import type { WorkflowRun } from '../actions/workflow-run.ts';
import { describeError } from './error.ts';
import { windowText } from './grant-markdown.ts';
import { annotation, githubCommand, runAnnotation } from './problems-machine.ts';
import { testGithub } from './test-machine.ts';

/** Problems on their lines, failed tests on theirs, and what each Grant asks for on its first line. */
export function runAnnotations({ checked, tests, grants, emergencies }: ChangeReport): string {
  const asked = grants.map(({ grant }) => {
    const text = `${grant.subject} may ${grant.operations.join(', ')} on ${grant.streams.join(', ')} for ${windowText(grant)}, under policy ${grant.policy}`;
    return annotation('notice', grant.at, 'asks for access', text);
  });
  const alarms = emergencies.map(({ emergency, removed }) => {
    if (removed) return ''; // no line is left for it
    const text = `${emergency.subject} may ${emergency.operations.join(', ')} on ${emergency.streams.join(', ')} in an emergency, under policy ${emergency.policy}`;
    return annotation('notice', emergency.at, 'waits for its review', text);
  });
  return [
    ...checked.problems.map((problem) => githubCommand(problem)),
    tests ? testGithub(tests) : '',
    ...alarms,
    ...asked,
  ].join('');
}

/** Why the check fails, each a sentence; none when it passes. */
export function runFailures({ checked, tests, change }: ChangeReport, failOnWidening: boolean): string[] {
  const failures: string[] = [];
  if (checked.errors > 0) failures.push(`it has ${checked.errors} error${checked.errors === 1 ? '' : 's'}`);
  if (tests && tests.failed > 0) failures.push(`${tests.failed} of ${tests.runs.length} policy tests failed`);
  if (tests?.minCoverage !== undefined && tests.coverage.percent < tests.minCoverage) {
    failures.push(
      `policy tests reach ${tests.coverage.percent} % of the rules, and ${tests.minCoverage} % are asked for`,
    );
  }
  if (change && change.problems.length > 0)
    failures.push('its base does not validate, so nobody can say what it widens');
  const widens = change?.plan?.widens.length ?? 0;
  if (failOnWidening && widens > 0) failures.push(`it widens access (${widens} widening${widens === 1 ? '' : 's'})`);
  return failures;
}

/** Lines for GITHUB_OUTPUT; each value is a word. */
function runOutputs(report: ChangeReport, file: string | undefined): string {
  const { checked, tests, change, grants, emergencies, rules } = report;
  const digests = [...grants, ...emergencies, ...(rules ? [rules] : [])].map(({ digest }) => digest);
  const values: readonly (readonly [string, string | number | boolean | undefined])[] = [
    ['valid', checked.errors === 0],
    ['errors', checked.errors],
    ['tests-failed', tests?.failed],
    ['widens', change?.plan?.widens.length],
    ['narrows', change?.plan?.narrows.length],
    ['plan-digest', change?.plan?.digest],
    ['approval-digest', digests.length === 1 ? digests[0] : undefined],
    ['report', file],
  ];
  return values.map(([name, value]) => (value === undefined ? '' : `${name}=${value}\n`)).join('');
}

/** An error of the action itself, as the workflow shows it. */
export function runError(error: unknown): { readonly text: string; readonly exitCode: number } {
  const { text, exitCode } = describeError(error, { colors: false });
  return { text: runAnnotation('error', 'sluice', text.replace(/^error: /, '')), exitCode };
}

/** Appends what the workflow reads, and writes the report where it is asked for. */
export function writeRun(run: WorkflowRun, report: ChangeReport, markdown: string): void {
  const { outputFile, summaryFile, inputs } = run;
  if (outputFile !== undefined) appendFileSync(outputFile, runOutputs(report, inputs.report));
  if (summaryFile !== undefined) appendFileSync(summaryFile, `${markdown}\n`);
  if (inputs.report !== undefined) writeReport(inputs.report, markdown);
}

/** Not as a whole beside it, so that the input may name a device too. */
function writeReport(path: string, markdown: string): void {
  try {
    makeFolder(dirname(path));
    writeFileSync(path, markdown);
  } catch (cause) {
    throw new InputError('FileNotWritten', `cannot write ${path}`, {
      why: (cause as NodeJS.ErrnoException).code ?? 'writing it failed',
      fix: 'give the input report of the action another path',
      at: path,
      cause,
    });
  }
}

/** What became of the comment, as an output and, where that has to be explained, as an annotation. */
export function commentResult({ outputFile }: WorkflowRun, comment: StickyOutcome): string {
  if (outputFile !== undefined) appendFileSync(outputFile, `comment=${comment}\n`);
  if (comment !== 'movedOn') return '';
  const text = 'there was a push meanwhile, or it is closed, so nothing was written on the pull request';
  return runAnnotation('notice', 'sluice', text);
}
