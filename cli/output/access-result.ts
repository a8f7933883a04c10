import { formatIsoDuration } from '../../core/clock/duration.ts';
import { formatInstant } from '../../core/clock/instant.ts';
import type { BreakGlass, Grant, PolicySet } from '../../core/model/documents.ts';
import { formatPattern } from '../../core/model/resource.ts';
import type { Plan } from '../../core/plan/plan.ts';
import type { AccessStatus } from '../actions/access-status.ts';
import type { PreparedAccess, RequestedAccess } from '../actions/request-access.ts';
import type { ReviewedRequest } from '../actions/review-request.ts';
import { windowText } from './grant-markdown.ts';
import { changePretty } from './plan-pretty.ts';
import { hoursText } from './plan-words.ts';
import { type Style, visible } from './style.ts';

/** What would be asked for and what it widens: shown before it is sent. */
export function preparedPretty(
  { grant, rules, approvers, plan, file }: PreparedAccess,
  style: Style,
  width = 100,
): string {
  const policy = rules.policies.get(grant.policy);
  const only = [...(grant.topics ?? []), ...(grant.groups ?? []), ...(grant.transactionalIds ?? [])];
  return [
    ...rows([
      ['who', grant.subject],
      ['what', `${grant.operations.join(', ')} on ${grant.streams.join(', ')}`],
      ...(only.length > 0 ? [['only', only.map(formatPattern).join(', ')] as const] : []),
      ['for', windowText(grant)],
      ...(policy && policy.unmask.length > 0 ? [['unmasks', policy.unmask.join(', ')] as const] : []),
      ['under', `policy ${grant.policy}`],
      ['file', file],
      ...approverRows(approvers),
    ]),
    '',
    ...wideningLines(grant, plan, rules, style, width),
    '',
  ].join('\n');
}

function wideningLines({ subject }: Grant, plan: Plan, rules: PolicySet, style: Style, width = 100): string[] {
  const sides = { before: rules, after: rules };
  return [
    ...plan.widens.flatMap((change) => [changePretty({ ...change, causes: [] }, true, sides, style, width), '']),
    ...(plan.widens.length === 0 ? [`It widens nothing: ${visible(subject)} may do all of this without it.`] : []),
    `hours of access of ${visible(subject)} in 30 days: ${hoursText(plan.hours)}`,
  ];
}

/** What became of it, and what has to happen now. */
export function requestedPretty({ grant, head, url, yaml }: RequestedAccess, style: Style): string {
  if (head === undefined) {
    return [style.yellow('Nothing was sent (dry run). The request would be:'), '', yaml.trimEnd()].join('\n');
  }
  return [
    `${style.green('Requested:')} ${grant.name}`,
    url === undefined ? `Approvers run: sluice approval sign ${grant.name}` : `Approve it at: ${visible(url)}`,
    `Follow it with: sluice access status ${grant.name}`,
  ].join('\n');
}

/** A request in plain words, for whoever is about to sign it. */
export function reviewPretty(reviewed: ReviewedRequest, style: Style): string {
  const { grant, request, content, changes, approvers, plan, rules, problems, emergency, signed } = reviewed;
  if (!grant) {
    const paths = changes.map(({ path, before, after }) => `${before ? (after ? 'change' : 'remove') : 'add'} ${path}`);
    return [
      `${style.bold('Request')} ${visible(request.name)} changes the rules. The owners decide.`,
      ...paths.map((path) => `  ${visible(path)}`),
      ...rows([['digest', content.digest]]),
      ...problems.map((text) => `${style.red('Gateways will refuse it:')} ${visible(text)}`),
    ].join('\n');
  }
  return [
    `${style.bold('Request')} ${visible(grant.name)}`,
    ...rows([
      ['who', grant.subject],
      ['asked by', grant.requestedBy],
      ['may', `${grant.operations.join(', ')} on ${grant.streams.join(', ')}`],
      ['for', emergency ? formatIsoDuration(emergency.duration) : windowText(grant)],
      ['why', JSON.stringify(grant.reason)],
      ...(grant.ticket === undefined ? [] : [['ticket', JSON.stringify(grant.ticket)] as const]),
      ['under', `policy ${grant.policy}`],
      ...approverRows(approvers),
      ['digest', content.digest],
    ]),
    ...(plan ? ['', ...wideningLines(grant, plan, rules, style)] : []),
    ...(emergency ? ['', ...originLines(emergency, signed === true, style)] : []),
  ].join('\n');
}

/** Who signed an emergency, and so what a gateway made of it before anybody reviewed it. */
function originLines({ subject, signedAt }: BreakGlass, signed: boolean, style: Style): string[] {
  const who = visible(subject);
  if (!signed) {
    const what = style.red(`An emergency that is NOT signed by its subject ${who}`);
    return [`${what}, as it is here and under the rules as they are now.`, 'No gateway admits it so.'];
  }
  return [
    `An emergency, signed by its subject ${who} at ${formatInstant(signedAt)}, and by nobody else.`,
    'Gateways let it hold, or refused it, before anybody reviewed it; a review neither gives nor ends it.',
  ];
}

export function statusPretty(status: AccessStatus, style: Style): string {
  return [
    `${stateText(status, style)} ${visible(status.name)}`,
    ...rows([
      ['who', status.subject],
      ['what', `${status.operations.join(', ')} on ${status.streams.join(', ')}`],
      ['why', JSON.stringify(status.reason)],
      ...(status.approvedBy.length > 0 ? [['approved', status.approvedBy.join(', ')] as const] : []),
      ...(status.rejectedBy.length > 0 ? [['rejected', status.rejectedBy.join(', ')] as const] : []),
      ...status.waitingFor.map((text) => ['waits for', text] as const),
      ...(status.start === undefined ? [] : [['from', formatInstant(status.start)] as const]),
      ...(status.end === undefined ? [] : [['until', formatInstant(status.end)] as const]),
      ...(status.note === undefined ? [] : [['note', status.note] as const]),
    ]),
  ].join('\n');
}

export function listPretty(all: readonly AccessStatus[], style: Style): string {
  if (all.length === 0) return 'Nothing was asked for yet. sluice access request asks.';
  const width = Math.max(...all.map(({ name }) => name.length));
  return all
    .map((status) => {
      const end = status.end === undefined ? '' : ` until ${formatInstant(status.end)}`;
      return `${stateText(status, style).padEnd(9)} ${visible(status.name).padEnd(width)}  ${status.operations.join(',')} on ${status.streams.join(',')}${end}`;
    })
    .join('\n');
}

/** JSON: instants as RFC 3339. */
export function statusJson(value: AccessStatus | readonly AccessStatus[]): string {
  return JSON.stringify(
    value,
    (key, part: unknown) =>
      (key === 'start' || key === 'end') && typeof part === 'number' ? formatInstant(part) : part,
    2,
  );
}

function stateText({ state }: AccessStatus, style: Style): string {
  if (state === 'Active') return style.green(state);
  return state === 'Refused' || state === 'Revoked'
    ? style.red(state)
    : state === 'Open' || state === 'Scheduled'
      ? style.yellow(state)
      : style.dim(state);
}

function approverRows(approvers: RequestedAccess['approvers']): (readonly [string, string])[] {
  return approvers.map(({ rule, match, clauses }) => [
    'approval',
    `${rule}: ${clauses.map(({ from, count, people }) => `${count} of ${from} (${people.join(', ')})`).join(match === 'all' ? ' and ' : ' or ')}`,
  ]);
}

function rows(pairs: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...pairs.map(([label]) => label.length)) + 1;
  return pairs.map(([label, text]) => `  ${`${label}:`.padEnd(width)} ${visible(text)}`);
}
