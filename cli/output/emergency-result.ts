import { formatIsoDuration } from '../../core/clock/duration.ts';
import type { EmergencyWish, SignedEmergency } from '../actions/break-glass.ts';
import { code } from './markdown-code.ts';

/** The text of an emergency's request, for its reviewers. What people wrote stands as code. */
export function emergencyMarkdown({ name, subject, policy }: SignedEmergency, wish: EmergencyWish): string {
  const { operations, streams, duration, reason, ticket } = wish;
  return [
    `**Emergency, in force by the signature of ${code(subject)} as soon as a gateway has seen this branch.**`,
    '',
    `- what: ${code(operations.join(', '))} on ${code(streams.join(', '))}, for ${formatIsoDuration(duration)}`,
    `- policy: ${code(policy)}`,
    `- why: ${code(reason)}`,
    ...(ticket === undefined ? [] : [`- ticket: ${code(ticket)}`]),
    '',
    'Approving and merging this is the review: somebody who could have approved it as a grant has looked at what was done.',
    `To end it early: ${code(`sluice access revoke ${name} --reason "..."`)}`,
    '',
  ].join('\n');
}
