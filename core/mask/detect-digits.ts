/**
 * Card numbers and US social security numbers among digits. Written by hand, one pass, at most four groups of digits
 * looked at from each: time is linear in the length of the text, whatever the text is.
 */

const digits = new Uint8Array(19);

/**
 * Length in bytes of a card number that starts at `start`, the first digit of a group; 0 when there is none. 13 to 19
 * digits in one group, or in groups of 4-4-4-n, 4-6-5 or 4-6-4 with a space or hyphen between, no letter or digit beside
 * them, of an issuer's range and length, with a right check digit.
 */
export function cardLength(b: Uint8Array, start: number, end: number): number {
  const first = groupEnd(b, start, end);
  const length = first - start;
  if (length >= 13) return length <= 19 && endsHere(b, first, end) && isCardAt(b, start, first) ? first - start : 0;
  if (length !== 4) return 0;
  const second = nextGroup(b, first, end);
  if (second === 0) return 0;
  const secondLength = second - first - 1;
  if (secondLength !== 4 && secondLength !== 6) return 0;
  const third = nextGroup(b, second, end);
  if (third === 0) return 0;
  const thirdLength = third - second - 1;
  if (secondLength === 6) {
    return (thirdLength === 5 || thirdLength === 4) && endsHere(b, third, end) && isCardAt(b, start, third)
      ? third - start
      : 0;
  }
  if (thirdLength !== 4) return 0;
  const fourth = nextGroup(b, third, end);
  if (fourth === 0 || fourth - third - 1 > 7 || !endsHere(b, fourth, end)) return 0;
  return isCardAt(b, start, fourth) ? fourth - start : 0;
}

/** Length of a social security number, AAA-GG-SSSS with the same separator twice, that starts at `start`; 0 when none. */
export function ssnLength(b: Uint8Array, start: number, end: number): number {
  if (groupEnd(b, start, end) !== start + 3 || !separates(b, start + 3, end)) return 0;
  if (groupEnd(b, start + 4, end) !== start + 6 || b[start + 6] !== b[start + 3]) return 0;
  if (start + 11 > end || groupEnd(b, start + 7, end) !== start + 11 || !endsHere(b, start + 11, end)) return 0;
  return isSsn(number(b, start, 3), number(b, start + 4, 2), number(b, start + 7, 4)) ? 11 : 0;
}

/** The same for nine digits in one group, which almost any nine digits look like: only where the field says so. */
export function bareSsnLength(b: Uint8Array, start: number, end: number): number {
  if (groupEnd(b, start, end) !== start + 9 || !endsHere(b, start + 9, end)) return 0;
  return isSsn(number(b, start, 3), number(b, start + 3, 2), number(b, start + 5, 4)) ? 9 : 0;
}

/** True when the name of a field says that its value is a social security number. */
export function namesSsn(name: string): boolean {
  const plain = name.toLowerCase();
  return plain.includes('ssn') || (plain.includes('social') && plain.includes('sec'));
}

export function isDigit(c: number | undefined): boolean {
  return c !== undefined && c >= 0x30 && c <= 0x39;
}

export function isAlphanumeric(c: number | undefined): boolean {
  if (c === undefined) return false;
  const letter = c | 0x20;
  return (c >= 0x30 && c <= 0x39) || (letter >= 0x61 && letter <= 0x7a);
}

function groupEnd(b: Uint8Array, start: number, end: number): number {
  const most = Math.min(end, start + 20); // one more than a card has: longer groups are none
  let i = start;
  while (i < most && isDigit(b[i])) i++;
  return i;
}

/** End of the group after the separator at `at`; 0 when there is no separator or no group. */
function nextGroup(b: Uint8Array, at: number, end: number): number {
  if (!separates(b, at, end)) return 0;
  const to = groupEnd(b, at + 1, end);
  return to > at + 1 ? to : 0;
}

function separates(b: Uint8Array, at: number, end: number): boolean {
  return at < end && (b[at] === 0x20 || b[at] === 0x2d);
}

function endsHere(b: Uint8Array, at: number, end: number): boolean {
  return at >= end || !isAlphanumeric(b[at]);
}

function number(b: Uint8Array, start: number, length: number): number {
  let value = 0;
  for (let i = start; i < start + length; i++) value = value * 10 + (b[i] as number) - 0x30;
  return value;
}

function isSsn(area: number, group: number, serial: number): boolean {
  if (area === 0 || area === 666 || area >= 900 || group === 0 || serial === 0) return false;
  // Printed in advertisements: never anybody's.
  return !(area === 78 && group === 5 && serial === 1120) && !(area === 219 && group === 9 && serial === 9999);
}

function isCardAt(b: Uint8Array, start: number, end: number): boolean {
  let count = 0;
  for (let i = start; i < end; i++) {
    if (!isDigit(b[i])) continue;
    if (count === 19) return false;
    digits[count++] = (b[i] as number) - 0x30;
  }
  return ofIssuer(count) && luhn(count);
}

function luhn(count: number): boolean {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const digit = digits[count - 1 - i] as number;
    const weighed = i % 2 === 1 ? digit * 2 : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
}

/** Issuer ranges with their lengths. Maestro has too many for a number without context. */
function ofIssuer(count: number): boolean {
  const d = digits;
  const two = (d[0] as number) * 10 + (d[1] as number);
  const three = two * 10 + (d[2] as number);
  const four = three * 10 + (d[3] as number);
  if (d[0] === 4) return count === 13 || count === 16 || count === 19;
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return count === 16;
  if (two === 34 || two === 37) return count === 15;
  if (four === 6011 || (three >= 644 && three <= 649) || two === 65 || two === 62) return count >= 16;
  if (four >= 3528 && four <= 3589) return count >= 16;
  if ((three >= 300 && three <= 305) || three === 309 || two === 36 || two === 38 || two === 39) return count >= 14;
  return false;
}
