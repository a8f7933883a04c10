/** Emergency access that waits for its review, in Markdown. What people wrote stands as code. */
import { formatIsoDuration } from '../../core/clock/duration.ts';
import { formatInstant } from '../../core/clock/instant.ts';
import { formatPattern, type Pattern } from '../../core/model/resource.ts';
import type { ToldEmergency } from '../actions/asked-in-change.ts';
import { approverItems } from './grant-markdown.ts';
import { cellCode, code } from './markdown-code.ts';

/** Who has, or had, what in an emergency and why, and who may review it. */
export function emergencyMarkdown(told: ToldEmergency): string {
  const { emergency, approvers, digest } = told;
  const rows: (readonly [string, string | undefined])[] = [
    ['Who', emergency.subject],
    ['May', emergency.operations.join(', ')],
    ['On streams', emergency.streams.join(', ')],
    ['Only topics', named(emergency.topics)],
    ['Only consumer groups', named(emergency.groups)],
    ['Only transactional ids', named(emergency.transactionalIds)],
    ['For', formatIsoDuration(emergency.duration)],
    ['Signed at', formatInstant(emergency.signedAt)],
    ['Under policy', emergency.policy],
    ['Why', emergency.reason],
    ['Ticket', emergency.ticket],
  ];
  return [
    ...origin(told),
    '',
    '| | |',
    '| --- | --- |',
    ...rows.flatMap(([name, value]) => (value === undefined ? [] : [`| ${name} | ${cellCode(value)} |`])),
    '',
    'Reviews that are needed:',
    '',
    ...approverItems(approvers),
    '',
    `Digest of what is reviewed: ${code(digest)}`,
    '',
  ].join('\n');
}

/** Who signed it, which was looked at, and so what a gateway made of it before anybody reviewed it. */
function origin({ emergency, removed, signed }: ToldEmergency): string[] {
  const merge = `The merge is the review.${removed ? ' This change takes its file away.' : ''}`;
  const subject = code(emergency.subject);
  if (signed) {
    return [
      `Signed by its subject, ${subject}, and by nobody else. Gateways let it hold, or refused it, before anybody reviewed it; a`,
      `review neither gives nor ends it. ${merge}`,
    ];
  }
  const since = removed ? ', or the rules that it comes from were changed since' : '';
  return [
    '> [!CAUTION]',
    `> **NOT signed by its subject**, ${subject}, as it is here and under the rules of the base${since}. No gateway admits it so.`,
    ...(removed ? ['', merge] : []),
  ];
}

function named(patterns: readonly Pattern[] | undefined): string | undefined {
  return patterns?.map(formatPattern).join(', ');
}
