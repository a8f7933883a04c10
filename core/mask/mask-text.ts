import type { MaskAction } from '../model/documents.ts';
import type { MaskKeys } from './mask-keys.ts';
import type { CompiledRule } from './mask-rule.ts';

/** What is put in the place of a text, ready to stand inside a JSON string, and what was done to get it. */
export interface MaskedText {
  readonly bytes: Uint8Array;
  readonly action: MaskAction;
}

const mostKept = 4;
const leastHidden = 6;

/** Masks decoded text. Where the rule's action would leave too much to see, or has no key, it is redacted. */
export function maskText(rule: CompiledRule, value: Uint8Array, keys: MaskKeys | undefined): MaskedText {
  if (rule.action === 'hash' && keys) {
    return { bytes: Buffer.from(keys.hash(rule.policy, value), 'latin1'), action: 'hash' };
  }
  if (rule.action === 'partial') {
    const bytes = isPlain(value) ? partlyPlain(value) : partlyText(value);
    if (bytes !== undefined) return { bytes, action: 'partial' };
  }
  return { bytes: Buffer.from(redacted(rule)), action: 'redact' };
}

/** The fixed text for what is hidden whole. */
export function redacted(rule: Pick<CompiledRule, 'type'>): string {
  return `[REDACTED:${rule.type}]`;
}

/**
 * Keeps the last characters, at most 4, and hides the others with `*`: at least 6, and at least half. Separators (what
 * is neither letter nor digit in ASCII) stay and do not count. Undefined when the text is too short for that.
 */
function partlyText(value: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString();
  const characters = [...text];
  let count = 0;
  for (const c of characters) if (!isSeparator(c)) count++;
  let hide = hidden(count);
  if (hide === undefined) return undefined;
  const masked = characters.map((c) => (isSeparator(c) || hide!-- <= 0 ? c : '*')).join('');
  return Buffer.from(JSON.stringify(masked).slice(1, -1));
}

/** The same for plain text, where a byte is a character and stands in JSON as it is. */
function partlyPlain(value: Uint8Array): Uint8Array | undefined {
  let count = 0;
  for (let i = 0; i < value.length; i++) count += counts[value[i] as number] as number;
  const hide = hidden(count);
  if (hide === undefined) return undefined;
  const masked = Buffer.allocUnsafe(value.length);
  for (let i = 0, left = hide; i < value.length; i++) {
    const byte = value[i] as number;
    const counted = counts[byte] as number;
    masked[i] = counted === 1 && left > 0 ? star : byte;
    left -= counted;
  }
  return masked;
}

/** How many of so many characters are hidden; undefined when too little would stay to see. */
function hidden(count: number): number | undefined {
  const kept = Math.min(mostKept, Math.floor(count / 2), count - leastHidden);
  return kept <= 0 ? undefined : count - kept;
}

const star = 0x2a;

/** Printable ASCII that JSON does not escape. */
function isPlain(value: Uint8Array): boolean {
  for (let i = 0; i < value.length; i++) {
    const byte = value[i] as number;
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return false;
  }
  return true;
}

function isSeparator(character: string): boolean {
  return character < '\u0080' && counts[character.charCodeAt(0)] === 0;
}

/** 1 for the letters and digits of ASCII. */
const counts = Uint8Array.from({ length: 128 }, (_, code) => (/[0-9A-Za-z]/.test(String.fromCharCode(code)) ? 1 : 0));
