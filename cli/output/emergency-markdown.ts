/** Emergency access that waits for its review, in Markdown. What people wrote stands as code. */
import { formatIsoDuration } from '../../core/clock/duration.ts';
import { formatInstant } from '../../core/clock/instant.ts';
import { formatPattern, type Pattern } from '../../core/model/resource.ts';
import type { ToldEmergency } from '../actions/asked-in-change.ts';
import { approverItems } from './grant-markdown.ts';
import { cellCode, code } from './markdown-code.ts';

/** Who has, or had, what in an emergency and why, and who may review it. */
export function emergencyMarkdown({ emergency, approvers, digest, removed }: ToldEmergency): string {
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
    'Its subject alone signed it. Gateways let it hold, or refused it, before anybody reviewed it; a review neither gives nor',
    `ends it. The merge is the review.${removed ? ' This change takes its file away.' : ''}`,
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

function named(patterns: readonly Pattern[] | undefined): string | undefined {
  return patterns?.map(formatPattern).join(', ');
}
