import { hash } from 'node:crypto';

/**
 * The chain: the last field of every line is `"prev":"<64 hex>"`, the RFC 6962 leaf hash SHA-256(0x00 ‖ line) of the
 * line before, without its newline. The same hash is the line's leaf in the Merkle tree that checkpoints sign.
 * Bytes are hashed as written, so there is no canonical form to agree on.
 */

/** `prev` of the first line of a log. */
export const noLine = '0'.repeat(64);

const opening = ',"prev":"';
const closing = '"}';
const tailLength = opening.length + 64 + closing.length;

/** Leaf hash of one line (without newline), 64 lower-case hex digits. */
export function leafHash(line: string | Uint8Array): string {
  if (typeof line === 'string') return hash('sha256', `\0${line}`, 'hex');
  const leaf = new Uint8Array(line.length + 1);
  leaf.set(line, 1);
  return hash('sha256', leaf, 'hex');
}

/** Completes a line whose text lacks its `prev` and closing brace. */
export function chainLine(text: string, prev: string): string {
  return `${text}${opening}${prev}${closing}`;
}

/** The `prev` that a line ends with; undefined when it does not end so. */
export function prevOf(line: Uint8Array): string | undefined {
  if (line.length < tailLength) return undefined;
  const tail = Buffer.from(line.buffer, line.byteOffset + line.length - tailLength, tailLength).toString('latin1');
  if (!tail.startsWith(opening) || !tail.endsWith(closing)) return undefined;
  const prev = tail.slice(opening.length, opening.length + 64);
  return isHash(prev) ? prev : undefined;
}

/** True for 64 lower-case hex digits. */
export function isHash(text: string): boolean {
  if (text.length !== 64) return false;
  for (let i = 0; i < 64; i++) {
    const code = text.charCodeAt(i);
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false;
  }
  return true;
}
