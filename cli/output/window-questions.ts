/** What `access request` asks about its time: how long, and from when on. */
import { approversFor } from '../../core/admission/ask.ts';
import { formatIsoDuration, parseDuration } from '../../core/clock/duration.ts';
import { formatInstant, parseRfc3339 } from '../../core/clock/instant.ts';
import { SluiceError } from '../../core/errors/sluice-error.ts';
import type { AccessPolicy } from '../../core/model/documents.ts';
import type { KnownWords, OfferedAccess } from '../actions/offered-access.ts';
import type { Prompts } from './prompts.ts';
import { visible } from './style.ts';

const minute = 60_000;
const hour = 3_600_000;
const day = 86_400_000;

export function askDuration({ name, limits: { maxDuration } }: AccessPolicy, prompts: Prompts): Promise<string> {
  const most = maxDuration === undefined ? '' : ` (at most ${shortText(maxDuration)})`;
  return prompts.input({
    message: `For how long${most}?`,
    default: shortText(Math.min(hour, maxDuration ?? hour)),
    validate: (text) => {
      const ms = durationOf(text);
      if (typeof ms === 'string') return ms;
      return (
        ms <= (maxDuration ?? Number.POSITIVE_INFINITY) ||
        `longer than policy ${name} allows: ${shortText(maxDuration!)} at most`
      );
    },
  });
}

/**
 * Whether the time starts at the first login, and by when it is over: RFC 3339; undefined = it starts at the merge.
 * Asked only where somebody has to approve it, so that nobody knows when it will be merged.
 */
export async function askFirstUse(
  known: KnownWords & { readonly policy: string; readonly for: string },
  offered: OfferedAccess,
  prompts: Prompts,
): Promise<string | undefined> {
  if (approversFor(offered.rules, offered.draft(known, known.policy)).length === 0) return undefined;
  const subject = known.subject ?? offered.requestedBy;
  const waits = await prompts.select({
    message: 'From when on?',
    choices: [
      { value: false, name: 'from the merge' },
      {
        value: true,
        name: visible(`from the first login of ${subject} after the merge`),
        description: 'A gateway admits it only when it is the only one (soleGateway in its configuration).',
      },
    ],
  });
  if (!waits) return undefined;
  const duration = parseDuration(known.for);
  const answer = await prompts.input({
    message: 'Over by when at the latest, used or not (like 3d, or 2026-12-24T18:00:00Z)?',
    default: shortText(day + duration),
    validate: (text) => {
      const end = endOf(text, offered.now());
      if (typeof end === 'string') return end;
      return (
        end >= offered.now() + duration || `that is in less than ${shortText(duration)}, so it could not be used whole`
      );
    },
  });
  const end = endOf(answer, offered.now());
  return formatInstant(typeof end === 'number' ? end : offered.now());
}

/** Epoch ms of an instant, or of a duration from now, up to the next whole minute; or what is wrong with it. */
function endOf(text: string, now: number): number | string {
  const instant = parseRfc3339(text.trim());
  if (instant !== undefined) return instant;
  const ms = durationOf(text);
  return typeof ms === 'string' ? ms : Math.ceil((now + ms) / minute) * minute;
}

/** ms, or what is wrong with it. */
function durationOf(text: string): number | string {
  try {
    return parseDuration(text.trim());
  } catch (error) {
    if (error instanceof SluiceError) return visible(`${error.message}; ${error.fix}`);
    throw error;
  }
}

/** `1h30m`, as it can be typed. */
export function shortText(ms: number): string {
  return formatIsoDuration(ms).replace(/[PT]/g, '').toLowerCase();
}
