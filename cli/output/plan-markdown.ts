/** A plan as the comment on a pull request. Every word that comes from the repo stands in a code span. */
import type { PlanChange } from '../../core/plan/plan.ts';
import type { PlanResult } from '../actions/plan-change.ts';
import { code } from './markdown-code.ts';
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

/** Most characters that forges take in one comment. */
export const longestComment = 65_536;

/** `longest` is the most characters that it may have. */
export function planMarkdown(result: PlanResult, longest = longestComment): string {
  const { plan } = result;
  if (!plan) return problemsText(result, longest);
  const { widens, narrows, limits } = plan;
  const title = widens.length > 0 ? '## This change widens access' : '## This change widens nothing';
  const head = [title, '', summary(result), ...(limits.length > 0 ? ['', ...limitsText(result)] : [])].join('\n');
  const reserve = 600; // for what is said of what does not fit
  const room = longest - head.length - reserve;
  const wide = fitting(
    widens.map((change) => changeMarkdown(change, true, result)),
    room,
  );
  const narrow = fitting(
    narrows.map((change) => changeMarkdown(change, false, result)),
    room - wide.length,
  );
  const missing = widens.length - wide.items.length;
  const warning =
    missing > 0
      ? [
          `> [!CAUTION]\n> **${missing} of ${widens.length} widenings do not fit into this comment.** Run \`sluice plan\` to see all of them.`,
          '',
        ]
      : [];
  const cut = narrows.length - narrow.items.length;
  return [
    ...warning,
    head,
    ...(widens.length > 0 ? ['', '### Widens', '', ...wide.items] : []),
    ...(narrows.length > 0 ? ['', '### Narrows', '', ...narrow.items] : []),
    ...(cut > 0 ? ['', `${cut} of ${narrows.length} narrowings do not fit into this comment.`] : []),
    '',
  ].join('\n');
}

/** As many of the items as fit. */
export function fitting(items: readonly string[], room: number): { items: readonly string[]; length: number } {
  let length = 0;
  const kept: string[] = [];
  for (const text of items) {
    if (length + text.length + 1 > room) break;
    length += text.length + 1;
    kept.push(text);
  }
  return { items: kept, length };
}

function summary({ plan, base, head }: PlanResult): string {
  const { hours, principals } = plan!;
  return [
    `${counts(plan!)} from ${code(revisionText(base))} to ${code(revisionText(head))}; ${widenedText(principals)}.`,
    `Hours of access in 30 days: ${hoursText(hours).replace('->', '→')}.`,
  ].join('\n');
}

function limitsText({ plan, unacknowledged }: PlanResult): string[] {
  const { limits, digest } = plan!;
  const lines = limits.slice(0, 20).map(({ message }) => `- ${code(shortened(message))}`);
  if (limits.length > 20) lines.push(`- and ${limits.length - 20} more`);
  if (!unacknowledged) return ['**Beyond a limit, and acknowledged:**', '', ...lines];
  const paste = acknowledgement(digest).map((line) => `  ${line}`);
  return [
    '**Beyond a limit.** If it is meant, write this into `sluice.yaml`:',
    '',
    ...lines,
    '',
    '```yaml',
    'spec:',
    ...paste,
    '```',
  ];
}

/** One change as an item of a list. */
export function changeMarkdown(change: PlanChange, widens: boolean, sides: PlanSides): string {
  const people = who(change.principals, sides).map(code).join(', ');
  const rows: string[] = [];
  if (change.what === 'access') {
    if (change.claims.length > 0) rows.push(`with a token that says ${code(claimsText(change.claims))}`);
    rows.push(`${change.operations.map(code).join(', ')} on ${where(change.regions, sides).map(code).join('; ')}`);
  }
  rows.push(`before: ${code(change.before)}`, `after: ${code(change.after)}`);
  const aspects = change.what === 'access' ? aspectsText(change, widens) : undefined;
  if (aspects !== undefined) rows.push(code(aspects));
  if (change.causes.length > 0) {
    rows.push(
      `why: ${change.causes.map((cause) => `${code(causeText(cause))} at ${code(`${cause.file}:${cause.line}`)}`).join(', ')}`,
    );
  }
  return [`- **${headline(change)}**${people === '' ? '' : ` for ${people}`}`, ...rows.map((row) => `  - ${row}`)].join(
    '\n',
  );
}

function problemsText({ problems, base, head }: PlanResult, longest: number): string {
  const lines = problems.map(({ side, problem }) => {
    const place = `${problem.at.file}:${problem.at.line}`;
    return `- ${side} ${code(revisionText(side === 'base' ? base : head))}: ${code(problem.message)} at ${code(place)}`;
  });
  const shown = fitting(lines, longest - 1000);
  const cut = lines.length - shown.items.length;
  const title = '## No plan: the policy repo has problems';
  return [title, '', ...shown.items, ...(cut > 0 ? [`- and ${cut} more`] : []), ''].join('\n');
}

function shortened(text: string): string {
  return text.length > 1000 ? `${text.slice(0, 1000)}…` : text;
}
