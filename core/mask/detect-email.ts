import { isAlphanumeric } from './detect-digits.ts';

/** A mail address found around an `@`. */
export interface EmailSpan {
  start: number;
  end: number;
}

const locals = new Uint8Array(256);
for (const c of Buffer.from("!#$%&'*+/=?^_`{|}~-.")) locals[c] = 1;
for (let c = 0; c < 256; c++) if (isAlphanumeric(c) || c >= 0x80) locals[c] = 1;

/**
 * Looks both ways from an `@` at `at`: a local part, and a domain of two labels or more whose last is alphabetic (or an
 * international one) and at least two long. Neither way goes past another `@`, so all of them together are linear.
 * Lengths are not checked: an address that is too long to be delivered can still name somebody.
 */
export function emailAround(b: Uint8Array, from: number, at: number, end: number, span: EmailSpan): boolean {
  let start = at;
  while (start > from && locals[b[start - 1] as number] === 1) start--;
  while (start < at && b[start] === 0x2e) start++;
  if (start === at) return false;
  let label = at + 1; // start of the label that is being read
  let found = 0; // end of the longest domain so far
  let labels = 0;
  for (let i = at + 1; ; i++) {
    const c = i < end ? (b[i] as number) : 0;
    if (isAlphanumeric(c) || c === 0x2d || c >= 0x80) continue;
    if (i === label || b[label] === 0x2d) break;
    labels++;
    let last = i; // `bob@example.com-` ends before the hyphen
    while (b[last - 1] === 0x2d) last--;
    if (labels > 1 && isTopLevel(b, label, last)) found = last;
    if (c !== 0x2e) break;
    label = i + 1;
  }
  if (found === 0) return false;
  span.start = start;
  span.end = found;
  return true;
}

function isTopLevel(b: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2) return false;
  const international = b[start] === 0x78 && b[start + 1] === 0x6e && b[start + 2] === 0x2d && b[start + 3] === 0x2d;
  if (international) return true; // xn--
  for (let i = start; i < end; i++) {
    const c = b[i] as number;
    if (c < 0x80 && !((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a)) return false;
  }
  return true;
}
