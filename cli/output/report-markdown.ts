/** A change of the policy repo for those who decide about it. What people wrote stands as code, whatever it says. */
import { formatLocation } from '../../core/errors/problem.ts';
import type { ChangeReport } from '../actions/report-change.ts';
import { emergencyMarkdown } from './emergency-markdown.ts';
import { grantMarkdown } from './grant-markdown.ts';
import { code } from './markdown-code.ts';
import { fitting, longestComment, planMarkdown } from './plan-markdown.ts';
import { revisionText } from './plan-words.ts';
import { failureProblem } from './test-pretty.ts';

/** Kept free for the marker and for what is said of what does not fit. */
const reserve = 2000;

/** The report, no longer than a comment may be. */
export function reportMarkdown(report: ChangeReport): string {
  const top = [title(report), '', origin(report), '', ...verdict(report)].join('\n');
  const grants = fitting(
    [
      ...report.emergencies.map((told) => `### Emergency ${code(told.emergency.name)}\n\n${emergencyMarkdown(told)}`),
      ...report.grants.map((told) => `### Grant ${code(told.grant.name)}\n\n${grantMarkdown(told)}`),
    ],
    longestComment - top.length - reserve,
  );
  const all = report.emergencies.length + report.grants.length;
  const cut = all - grants.items.length;
  const missing =
    cut > 0
      ? [`> [!CAUTION]\n> **${cut} of ${all} grants do not fit here.** Do not approve what you have not seen.`]
      : [];
  const rules = rulesText(report);
  const room = longestComment - top.length - grants.length - rules.join('\n').length - reserve;
  const plan = report.change && tellsPlan(report) ? [planText(report.change, room)] : [];
  return `${[top, ...missing, ...grants.items, ...rules, ...plan].map((part) => part.trimEnd()).join('\n\n')}\n`;
}

function title({ checked, grants, emergencies, rules }: ChangeReport): string {
  if (checked.errors > 0) return '## Sluice: this change cannot take effect as it is';
  if (emergencies.length > 0) return '## Sluice: this is the review of access in an emergency';
  const [only, ...more] = grants;
  if (only && more.length === 0) return '## Sluice: this asks for access';
  if (only) return `## Sluice: this asks for ${grants.length} grants`;
  return rules ? '## Sluice: this changes the rules' : '## Sluice: nobody has to approve this';
}

function origin({ head, base, branch }: ChangeReport): string {
  const beside = base === undefined ? '' : ` beside ${code(revisionText(base))} of ${code(branch)}`;
  return `Worked out from commit ${code(head)}${beside}, and from nothing that is written in the request.`;
}

function verdict({ checked, tests }: ChangeReport): string[] {
  const { problems, errors, warnings } = checked;
  const lines = problems.map(
    ({ severity, message, at }) => `- ${severity}: ${code(shortened(message))} at ${code(formatLocation(at))}`,
  );
  const shown = lines.slice(0, 20);
  const rest = lines.length - shown.length;
  const counted = `**${count(errors, 'error')}, ${count(warnings, 'warning')}** in ${count(checked.documents, 'document')}.`;
  const testLine = [tests ? testText(tests) : 'Policy tests: not run, as the files are not valid.'];
  const failures = (tests?.runs ?? [])
    .flatMap((run) => run.failures.map((failure) => failureProblem(run, failure, tests!)))
    .slice(0, 20)
    .map(({ message, at }) => `- ${code(shortened(message))} at ${code(formatLocation(at))}`);
  return [
    `Valid: ${errors === 0 ? 'yes' : 'no'}. ${counted}`,
    ...(shown.length > 0 ? ['', ...shown, ...(rest > 0 ? [`- and ${rest} more`] : []), ''] : []),
    ...testLine,
    ...(failures.length > 0 ? ['', ...failures] : []),
  ];
}

function testText({ runs, failed, coverage }: NonNullable<ChangeReport['tests']>): string {
  if (runs.length === 0) return 'Policy tests: there are none.';
  return `Policy tests: ${runs.length - failed} passed, ${failed} failed; they reach ${coverage.percent} % of the rules.`;
}

function rulesText({ rules }: ChangeReport): string[] {
  if (!rules) return [];
  const { items } = fitting(
    rules.paths.map((path) => `- ${code(path)}`),
    3000,
  );
  const rest = rules.paths.length - items.length;
  return [
    [
      '### For the owners',
      '',
      'Owners of the trust root in `gateway.yaml` have to approve this commit; what they approve is exactly these files:',
      '',
      ...items,
      ...(rest > 0 ? [`- and ${rest} more`] : []),
      '',
      `Digest of what is approved: ${code(rules.digest)}`,
      '',
      'To take it back: revert the commit in a pull request of its own.',
    ].join('\n'),
  ];
}

/** Each grant tells its own widening. */
function tellsPlan({ change, grants, emergencies, rules }: ChangeReport): boolean {
  return rules !== undefined || grants.length + emergencies.length === 0 || (change?.plan?.narrows.length ?? 0) > 0;
}

function planText(change: NonNullable<ChangeReport['change']>, room: number): string {
  if (room < 4000) return '> [!CAUTION]\n> **What the change widens does not fit here.** Run `sluice plan` to see it.';
  if (!change.plan && change.problems.length === 0) return 'There is no plan of what does not validate.';
  return planMarkdown(change, room).replace(/^## /m, '### ');
}

function shortened(text: string): string {
  return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}
