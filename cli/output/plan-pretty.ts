/** A plan for a person at a terminal: what widens first. */
import { formatLocation } from '../../core/errors/problem.ts';
import type { PlanChange } from '../../core/plan/plan.ts';
import type { PlanResult } from '../actions/plan-change.ts';
import {
  acknowledgement,
  aspectsText,
  causeText,
  claimsText,
  counts,
  headline,
  hoursText,
  type PlanSides,
  revisionText,
  where,
  who,
  widenedText,
} from './plan-words.ts';
import { type Style, visible } from './style.ts';

export function planPretty(result: PlanResult, style: Style, width = 100): string {
  const { plan } = result;
  if (!plan) return problemsText(result, style);
  const blocks = [
    ...plan.widens.map((change) => changePretty(change, true, result, style, width)),
    ...plan.narrows.map((change) => changePretty(change, false, result, style, width)),
    ...(plan.limits.length > 0 ? [limitsText(result, style, width)] : []),
    summary(result, style),
  ];
  return blocks.join('\n\n');
}

function problemsText({ problems, base, head }: PlanResult, style: Style): string {
  const lines = problems.map(({ side, problem }) => {
    const at = `${formatLocation(problem.at)} at ${side} ${revisionText(side === 'base' ? base : head)}`;
    return `${style.red('error')} ${style.dim(problem.rule)}: ${visible(problem.message)}\n  ${style.dim('-->')} ${visible(at)}`;
  });
  const sides = new Set(problems.map(({ side }) => side));
  return [
    ...lines,
    `${style.red('not ok:')} the ${[...sides].join(' and the ')} does not validate, so there is no plan`,
  ].join('\n\n');
}

/** One change as lines below each other. */
export function changePretty(
  change: PlanChange,
  widens: boolean,
  sides: PlanSides,
  style: Style,
  width: number,
): string {
  const sign = widens ? style.yellow('widens') : style.green('narrows');
  const rows: [string, string][] = [];
  if (change.principals.length > 0) rows.push(['who', who(change.principals, sides).join(', ')]);
  if (change.what === 'access') {
    if (change.claims.length > 0) rows.push(['with', `a token that says ${claimsText(change.claims)}`]);
    rows.push(['what', change.operations.join(', ')], ['where', where(change.regions, sides).join('; ')]);
  }
  rows.push(['before', change.before], ['after', change.after]);
  const aspects = change.what === 'access' ? aspectsText(change, widens) : undefined;
  if (aspects !== undefined) rows.push(['masks', aspects]);
  for (const cause of change.causes) rows.push(['why', `${causeText(cause)} at ${cause.file}:${cause.line}`]);
  const lines = rows.flatMap(([label, text]) => {
    const [first = '', ...rest] = wrap(visible(text), width - 10);
    return [`  ${style.bold(`${label}:`.padEnd(7))} ${first}`, ...rest.map((line) => `          ${line}`)];
  });
  return [`${sign} ${headline(change)}`, ...lines].join('\n');
}

function limitsText({ plan, unacknowledged }: PlanResult, style: Style, width: number): string {
  const { limits, digest } = plan!;
  const lines = limits.flatMap(({ message }) => {
    const [first = '', ...rest] = wrap(visible(message), width - 9);
    return [`${style.bold('limit:')}   ${first}`, ...rest.map((line) => `         ${line}`)];
  });
  if (!unacknowledged) return [...lines, `  ${style.green('acknowledged')} in sluice.yaml as ${digest}`].join('\n');
  const paste = acknowledgement(digest).map((line) => `    ${line}`);
  return [...lines, `  ${style.bold('fix:')} if it is meant, write this below spec in sluice.yaml:`, ...paste].join(
    '\n',
  );
}

function summary({ plan, base, head }: PlanResult, style: Style): string {
  const { widens, hours, principals } = plan!;
  const label = widens.length > 0 ? style.yellow('widens:') : style.green('ok:');
  return [
    `${label} ${counts(plan!)} from ${revisionText(base)} to ${revisionText(head)}, ${widenedText(principals)}`,
    `  hours of access in 30 days: ${hoursText(hours)}`,
  ].join('\n');
}

/** Breaks at spaces; a word that is longer than the line stays whole. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
