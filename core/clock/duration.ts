import { InputError } from '../errors/sluice-error.ts';

const iso = /^P(?:(\d+)W|(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?)$/;
const short = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/;
const units = [86_400_000, 3_600_000, 60_000, 1000] as const;

/** ISO 8601 duration without years and months (their length varies), `PT2H30M`, to milliseconds; undefined when it is not one. */
export function parseIsoDuration(text: string): number | undefined {
  const match = iso.exec(text);
  if (!match || text === 'P' || text.endsWith('T')) return undefined;
  if (match[1] !== undefined) return Number(match[1]) * 7 * units[0];
  return sum(match.slice(2));
}

/** A duration as a person types it on the command line: `2h`, `1h30m`, `3d`, or ISO 8601. Milliseconds. */
export function parseDuration(text: string): number {
  const ms = parseIsoDuration(text) ?? (text !== '' && short.test(text) ? sum(short.exec(text)!.slice(1)) : undefined);
  if (ms === undefined || !Number.isSafeInteger(ms) || ms === 0) {
    throw new InputError('BadDuration', `'${text.slice(0, 40)}' is not a duration`, {
      fix: 'write it like 2h, 30m or PT2H30M',
    });
  }
  return ms;
}

/** Milliseconds to ISO 8601, whole seconds: 5400000 -> PT1H30M. */
export function formatIsoDuration(ms: number): string {
  let rest = Math.round(ms / 1000) * 1000;
  if (rest <= 0) return 'PT0S';
  const [d, h, m, s] = units.map((unit) => {
    const n = Math.floor(rest / unit);
    rest -= n * unit;
    return n;
  }) as [number, number, number, number];
  const time = `${h ? `${h}H` : ''}${m ? `${m}M` : ''}${s ? `${s}S` : ''}`;
  return `P${d ? `${d}D` : ''}${time ? `T${time}` : ''}`;
}

function sum(parts: (string | undefined)[]): number {
  return parts.reduce((total, part, i) => total + Number(part ?? 0) * units[i]!, 0);
}
