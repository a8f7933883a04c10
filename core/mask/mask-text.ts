import type { MaskAction } from '../model/documents.ts';
import type { MaskKeys } from './mask-keys.ts';
import type { CompiledRule } from './mask-rule.ts';

/** What is put in the place of a text, ready to stand inside a JSON string, and what was done to get it. */
export interface MaskedText {
  readonly text: string;
  readonly action: MaskAction;
}

const mostKept = 4;
const leastHidden = 6;

/** Masks decoded text. Where the rule's action would leave too much to see, or has no key, it is redacted. */
export function maskText(rule: CompiledRule, value: Uint8Array, keys: MaskKeys | undefined): MaskedText {
  if (rule.action === 'hash' && keys) return { text: keys.hash(rule.policy, value), action: 'hash' };
  if (rule.action === 'partial') {
    const text = partly(Buffer.from(value.buffer, value.byteOffset, value.length).toString());
    if (text !== undefined) return { text: JSON.stringify(text).slice(1, -1), action: 'partial' };
  }
  return { text: redacted(rule), action: 'redact' };
}

/** The fixed text for what is hidden whole. */
export function redacted(rule: Pick<CompiledRule, 'type'>): string {
  return `[REDACTED:${rule.type}]`;
}

/**
 * Keeps the last characters, at most 4, and hides the others with `*`: at least 6, and at least half. Separators (what
 * is neither letter nor digit in ASCII) stay and do not count. Undefined when the text is too short for that.
 */
function partly(text: string): string | undefined {
  const characters = [...text];
  let count = 0;
  for (const c of characters) if (!isSeparator(c)) count++;
  const kept = Math.min(mostKept, Math.floor(count / 2), count - leastHidden);
  if (kept <= 0) return undefined;
  let hide = count - kept;
  return characters.map((c) => (isSeparator(c) || hide-- <= 0 ? c : '*')).join('');
}

function isSeparator(character: string): boolean {
  if (character >= '\u0080') return false;
  return !(
    (character >= '0' && character <= '9') ||
    (character >= 'a' && character <= 'z') ||
    (character >= 'A' && character <= 'Z')
  );
}
