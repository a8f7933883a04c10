import type { approversFor } from '../../core/admission/ask.ts';
import { formatIsoDuration } from '../../core/clock/duration.ts';
import { formatInstant } from '../../core/clock/instant.ts';
import type { Grant } from '../../core/model/documents.ts';

/**
 * The text that a request is opened with, in Markdown. It is for orientation only: whoever opened it can edit it, so
 * what counts is computed from the files, by the checks and by the gateway. What people wrote stands as code.
 */
export function requestBody(grant: Grant, approvers: ReturnType<typeof approversFor>): string {
  const { window } = grant;
  const from = window.notBefore === undefined ? 'the merge' : formatInstant(window.notBefore);
  const rows = [
    ['Who', grant.subject],
    ['May', grant.operations.join(', ')],
    ['On', grant.streams.join(', ')],
    ['For', `${formatIsoDuration(window.duration)} from ${from}`],
    ['Under policy', grant.policy],
    ['Why', grant.reason],
    ...(grant.ticket === undefined ? [] : [['Ticket', grant.ticket]]),
  ].map(([name, value]) => `| ${name} | ${asCode(value ?? '')} |`);
  const rules = approvers.map(({ rule, match, clauses }) => {
    const texts = clauses.map(
      ({ from: group, count, people }) => `${count} of ${asCode(group)} (${people.map(asCode).join(', ') || 'nobody'})`,
    );
    return `- ${asCode(rule)}: ${texts.join(match === 'all' ? ' and ' : ' or ')}`;
  });
  return [
    '| | |',
    '| --- | --- |',
    ...rows,
    '',
    'Approvals that are needed:',
    '',
    ...rules,
    '',
    `Merging starts the time. To end it early: ${asCode(`sluice access revoke ${grant.name} --reason "..."`)}`,
    '',
    'This text can be edited by whoever opened the request; the files and the checks on them are what counts.',
    '',
  ].join('\n');
}

/** Text of people as inline code: no markup, no mention, no link comes to life, and it stays in its table cell. */
function asCode(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = longest > 0 ? ' ' : '';
  return `${fence}${pad}${text.replaceAll('|', '\\|')}${pad}${fence}`;
}
