/** A Grant in Markdown, for the text of a request and for comments on it. What people wrote stands as code. */
import type { ToldGrant } from '../../core/admission/told-grant.ts';
import { formatIsoDuration } from '../../core/clock/duration.ts';

import { formatInstant } from '../../core/clock/instant.ts';
import type { Grant } from '../../core/model/documents.ts';
import { formatPattern, type Pattern } from '../../core/model/resource.ts';
import { formatHours } from '../../core/plan/open-hours.ts';
import { cellCode, code } from './markdown-code.ts';
import { changeMarkdown, fitting } from './plan-markdown.ts';
import { hoursText } from './plan-words.ts';

/** Most characters of the widenings of one Grant. */
const longestPlan = 12_000;

/** Who gets what, for how long and why, who may approve it, what it widens, and how to end it early. */
export function grantMarkdown({ grant, rules, approvers, plan, digest }: ToldGrant): string {
  const policy = rules.policies.get(grant.policy);
  const rows: (readonly [string, string | undefined])[] = [
    ['Who', grant.subject],
    ['Asked by', grant.requestedBy === grant.subject ? undefined : grant.requestedBy],
    ['May', grant.operations.join(', ')],
    ['On streams', grant.streams.join(', ')],
    ['Only topics', named(grant.topics)],
    ['Only consumer groups', named(grant.groups)],
    ['Only transactional ids', named(grant.transactionalIds)],
    ['For', windowText(grant)],
    ['Within', policy?.limits.hours && formatHours(policy.limits.hours)],
    ['Only when', policy?.when?.text],
    ['Lifts masks', policy && policy.unmask.length > 0 ? policy.unmask.join(', ') : undefined],
    ['Under policy', grant.policy],
    ['Why', grant.reason],
    ['Ticket', grant.ticket],
  ];
  return [
    '| | |',
    '| --- | --- |',
    ...rows.flatMap(([name, value]) => (value === undefined ? [] : [`| ${name} | ${cellCode(value)} |`])),
    '',
    'Approvals that are needed:',
    '',
    ...approverItems(approvers),
    '',
    ...widenings({ grant, rules, approvers, plan, digest }),
    '',
    ...(digest === undefined ? [] : [`Digest of what is approved: ${code(digest)}`, '']),
    `Merging starts the time. To end it early: ${code(`sluice access revoke ${grant.name} --reason "..."`)}`,
    '',
  ].join('\n');
}

/**
 * The text that a request is opened with. It is for orientation only: whoever opened it can edit it, so what counts is
 * computed from the files, by the checks and by the gateway.
 */
export function requestMarkdown(told: ToldGrant): string {
  const hint =
    'This text can be edited by whoever opened the request; the files and the checks on them are what counts.';
  return `${grantMarkdown(told)}\n${hint}\n`;
}

/** One item for each rule, with the people who count. */
export function approverItems(approvers: ToldGrant['approvers']): string[] {
  if (approvers.length === 0) return ['- none'];
  return approvers.map(({ rule, match, clauses }) => {
    const texts = clauses.map(
      ({ from, count, people }) => `${count} of ${code(from)} (${people.map(code).join(', ') || 'nobody'})`,
    );
    return `- ${code(rule)}: ${texts.join(match === 'all' ? ' and ' : ' or ')}`;
  });
}

/** `PT2H from the merge`. */
export function windowText({ window: { duration, start, notBefore, notAfter } }: Grant): string {
  const event = start === 'firstUse' ? 'the first login after the merge' : 'the merge';
  const from = notBefore === undefined ? event : `${event}, not before ${formatInstant(notBefore)}`;
  const until = notAfter === undefined ? '' : `, not after ${formatInstant(notAfter)}`;
  return `${formatIsoDuration(duration)} from ${from}${until}`;
}

function widenings({ plan, rules, grant }: ToldGrant): string[] {
  if (plan.widens.length === 0) {
    return [`It widens nothing: ${code(grant.subject)} may do all of this without it.`];
  }
  const sides = { before: rules, after: rules };
  const { items } = fitting(
    plan.widens.map((change) => changeMarkdown({ ...change, causes: [] }, true, sides)),
    longestPlan,
  );
  const cut = plan.widens.length - items.length;
  return [
    'What it widens:',
    '',
    ...items,
    ...(cut > 0
      ? ['', `**${cut} of ${plan.widens.length} widenings do not fit here.** \`sluice plan\` shows all.`]
      : []),
    '',
    `Hours of access of ${code(grant.subject)} in 30 days: ${hoursText(plan.hours).replace('->', '→')}.`,
  ];
}

function named(patterns: readonly Pattern[] | undefined): string | undefined {
  return patterns?.map(formatPattern).join(', ');
}
