import { InputError } from '../errors/sluice-error.ts';

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** RFC 3339 date-time with an offset to epoch milliseconds; undefined when it is not one (a 30 February included). */
export function parseRfc3339(text: string): number | undefined {
  const match = rfc3339.exec(text);
  if (!match) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return undefined;
  const offset =
    match[8] === 'Z'
      ? 0
      : Number(`${match[8]![0]}1`) * (Number(match[8]!.slice(1, 3)) * 60 + Number(match[8]!.slice(4)));
  const local = new Date(ms + offset * 60_000).toISOString();
  return local.slice(0, 19) === text.slice(0, 19) ? ms : undefined;
}

/** As parseRfc3339, for a value that a person gave. */
export function parseInstant(text: string): number {
  const ms = parseRfc3339(text);
  if (ms === undefined) {
    throw new InputError('BadInstant', `'${text.slice(0, 40)}' is not an instant`, {
      fix: 'write it like 2026-11-24T09:00:00Z, with an offset',
    });
  }
  return ms;
}

/** Epoch milliseconds to RFC 3339 in UTC, with milliseconds. */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString();
}
