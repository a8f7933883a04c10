import { bareSsnLength, cardLength, isAlphanumeric, ssnLength } from './detect-digits.ts';
import { type EmailSpan, emailAround } from './detect-email.ts';
import { type CompiledRule, type DetectorRules, stronger } from './mask-rule.ts';

/** A part of a text that a detector found, and the rule that deals with it. */
export interface Span {
  start: number;
  end: number;
  rule: CompiledRule;
}

/** Where something can begin: digits and `@`. */
const stops = new Uint8Array(256).fill(1, 0x30, 0x3a);
stops[0x40] = 1;

const email: EmailSpan = { start: 0, end: 0 };

/** False when no detector can find anything here: most texts. */
export function mayHold(b: Uint8Array, from: number, end: number): boolean {
  for (let i = from; i < end; i++) if (stops[b[i] as number] === 1) return true;
  return false;
}

/**
 * What the detectors find in decoded text, in order; spans that overlap are one, under the stronger rule. `namedSsn`
 * is asked only when nine digits in a row are there.
 */
export function findSpans(
  b: Uint8Array,
  from: number,
  end: number,
  rules: DetectorRules,
  namedSsn: () => boolean,
  spans: Span[],
): void {
  if (spans.length > 0) spans.length = 0;
  const { card, us_ssn: ssn, email: mail } = rules;
  let i = from;
  while (i < end) {
    const c = b[i] as number;
    if (stops[c] === 0) {
      i++;
    } else if (c === 0x40 && mail !== undefined) {
      if (emailAround(b, from, i, end, email)) add(spans, email.start, email.end, mail);
      i++;
    } else if (c >= 0x30 && c <= 0x39) {
      const group = i;
      i++;
      while (i < end && (b[i] as number) >= 0x30 && (b[i] as number) <= 0x39) i++;
      if (group > from && isAlphanumeric(b[group - 1])) continue;
      // Most groups are of lengths that nothing begins with.
      const digits = i - group;
      if (card !== undefined && (digits === 4 || digits >= 13)) {
        const length = cardLength(b, group, end);
        if (length > 0) add(spans, group, group + length, card);
      }
      if (ssn !== undefined && (digits === 3 || digits === 9)) {
        const length = ssnLength(b, group, end) || (bareSsnLength(b, group, end) && namedSsn() ? 9 : 0);
        if (length > 0) add(spans, group, group + length, ssn);
      }
    } else {
      i++;
    }
  }
}

/** Spans come by the place where they were noticed; an address can start before the digits in it. */
function add(spans: Span[], start: number, end: number, rule: CompiledRule): void {
  let merged: Span = { start, end, rule };
  for (let last = spans.at(-1); last !== undefined && last.end > merged.start; last = spans.at(-1)) {
    spans.pop();
    merged = {
      start: Math.min(last.start, merged.start),
      end: Math.max(last.end, merged.end),
      rule: stronger(last.rule, merged.rule),
    };
  }
  spans.push(merged);
}

const integer = new Uint8Array(19);

/** The rule for a number token whose digits are a card's or, where the field says so, a social security number's. */
export function findInNumber(
  b: Uint8Array,
  start: number,
  end: number,
  rules: DetectorRules,
  namedSsn: () => boolean,
  spans: Span[],
): CompiledRule | undefined {
  const from = b[start] === 0x2d ? start + 1 : start;
  findSpans(b, from, end, rules, namedSsn, spans);
  let found = spans[0]?.rule;
  const length = asInteger(b, from, end);
  if (length > 0) {
    findSpans(integer, 0, length, rules, namedSsn, spans);
    const other = spans[0]?.rule;
    if (other) found = stronger(found, other);
  }
  return found;
}

/** 4.111e15 is a whole number too: its digits into `integer`. Their count; 0 when it is no other writing of one. */
function asInteger(b: Uint8Array, start: number, end: number): number {
  let count = 0;
  let point = -1;
  let i = start;
  for (; i < end; i++) {
    const c = b[i] as number;
    if (c === 0x2e) point = count;
    else if (c >= 0x30 && c <= 0x39) {
      if (count === 0 && c === 0x30 && point < 0) continue;
      if (count < integer.length) integer[count++] = c;
      else if (c !== 0x30) return 0;
      else if (point < 0) return 0;
    } else break;
  }
  if (i === end && point < 0) return 0;
  let exponent = 0;
  const negative = b[i + 1] === 0x2d;
  for (i++; i < end; i++) {
    const c = b[i] as number;
    if (c >= 0x30 && c <= 0x39) exponent = Math.min(100, exponent * 10 + c - 0x30);
  }
  const length = (point < 0 ? count : point) + (negative ? -exponent : exponent);
  if (length < 9 || length > integer.length) return 0;
  for (let k = length; k < count; k++) if (integer[k] !== 0x30) return 0;
  for (let k = count; k < length; k++) integer[k] = 0x30;
  return length;
}
