/**
 * The inside of a JSON string, as bytes. Walks over it, and decodes it when it has escapes.
 */

const plain = new Uint8Array(256).fill(1, 0x20, 0x80);
plain[0x22] = 0;
plain[0x5c] = 0;

/**
 * From the first byte inside a string to its closing quote. The quote's index × 2, + 1 when there are escapes; −1 when
 * it is not a string of RFC 8259, −2 when it is not UTF-8.
 */
export function stringEnd(b: Uint8Array, start: number): number {
  const n = b.length;
  let i = start;
  let escaped = 0;
  while (i < n) {
    let c = b[i] as number;
    while (plain[c] === 1 && ++i < n) c = b[i] as number;
    if (i === n) return -1;
    if (c === 0x22) {
      return i * 2 + escaped;
    } else if (c === 0x5c) {
      i = escapeEnd(b, i + 1);
      if (i < 0) return -1;
      escaped = 1;
    } else if (c >= 0x80) {
      i = utf8End(b, i);
      if (i < 0) return -2;
    } else {
      return -1;
    }
  }
  return -1;
}

/** Index after an escape whose backslash is before `i`; −1 when it is none. */
function escapeEnd(b: Uint8Array, i: number): number {
  switch (b[i]) {
    case 0x22:
    case 0x5c:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return i + 1;
    case 0x75:
      return hex4(b, i + 1) < 0 ? -1 : i + 5;
    default:
      return -1;
  }
}

function hex4(b: Uint8Array, i: number): number {
  if (i + 4 > b.length) return -1;
  let value = 0;
  for (let k = i; k < i + 4; k++) {
    const c = b[k] as number;
    const letter = c | 0x20;
    if (c >= 0x30 && c <= 0x39) value = value * 16 + c - 0x30;
    else if (letter >= 0x61 && letter <= 0x66) value = value * 16 + letter - 0x57;
    else return -1;
  }
  return value;
}

/** Index after one character of two to four bytes (RFC 3629: no overlong forms, no surrogates); −1 when it is none. */
function utf8End(b: Uint8Array, i: number): number {
  const n = b.length;
  const c = b[i] as number;
  if (c < 0xc2) return -1;
  if (c < 0xe0) return i + 1 < n && follows(b, i + 1) ? i + 2 : -1;
  const second = i + 1 < n ? (b[i + 1] as number) : 0;
  if (c < 0xf0) {
    if (i + 2 >= n || !follows(b, i + 1) || !follows(b, i + 2)) return -1;
    if ((c === 0xe0 && second < 0xa0) || (c === 0xed && second > 0x9f)) return -1;
    return i + 3;
  }
  if (c > 0xf4 || i + 3 >= n || !follows(b, i + 1) || !follows(b, i + 2) || !follows(b, i + 3)) return -1;
  if ((c === 0xf0 && second < 0x90) || (c === 0xf4 && second > 0x8f)) return -1;
  return i + 4;
}

function follows(b: Uint8Array, i: number): boolean {
  return ((b[i] as number) & 0xc0) === 0x80;
}

/** A string without its escapes: UTF-8, and for each byte (and the end) where it comes from in the source. */
export interface DecodedText {
  readonly bytes: Uint8Array;
  readonly from: Uint32Array;
  length: number;
}

/** Decodes the inside of a valid string. The result is valid until the next call. */
export function decodeText(b: Uint8Array, start: number, end: number): DecodedText {
  if (scratch.bytes.length < end - start) {
    scratch = { bytes: new Uint8Array((end - start) * 2), from: new Uint32Array((end - start) * 2 + 1), length: 0 };
  }
  const { bytes, from } = scratch;
  let at = 0;
  let i = start;
  while (i < end) {
    const c = b[i] as number;
    from[at] = i;
    if (c !== 0x5c) {
      bytes[at++] = c;
      i++;
      continue;
    }
    const sign = b[i + 1] as number;
    if (sign !== 0x75) {
      bytes[at++] = simple(sign);
      i += 2;
      continue;
    }
    const source = i;
    let code = hex4(b, i + 2);
    i += 6;
    if (code >= 0xd800 && code < 0xdc00 && b[i] === 0x5c && b[i + 1] === 0x75) {
      const low = hex4(b, i + 2);
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00);
        i += 6;
      }
    }
    if (code >= 0xd800 && code < 0xe000) code = 0xfffd; // half a pair: a character of its own to every detector
    const before = at;
    at = encode(bytes, at, code);
    from.fill(source, before, at);
  }
  from[at] = end;
  scratch.length = at;
  return scratch;
}

let scratch: DecodedText = { bytes: new Uint8Array(1024), from: new Uint32Array(1025), length: 0 };

function simple(sign: number): number {
  switch (sign) {
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    default:
      return sign;
  }
}

function encode(bytes: Uint8Array, at: number, code: number): number {
  let i = at;
  if (code < 0x80) {
    bytes[i++] = code;
  } else if (code < 0x800) {
    bytes[i++] = 0xc0 | (code >> 6);
    bytes[i++] = 0x80 | (code & 0x3f);
  } else if (code < 0x10000) {
    bytes[i++] = 0xe0 | (code >> 12);
    bytes[i++] = 0x80 | ((code >> 6) & 0x3f);
    bytes[i++] = 0x80 | (code & 0x3f);
  } else {
    bytes[i++] = 0xf0 | (code >> 18);
    bytes[i++] = 0x80 | ((code >> 12) & 0x3f);
    bytes[i++] = 0x80 | ((code >> 6) & 0x3f);
    bytes[i++] = 0x80 | (code & 0x3f);
  }
  return i;
}
