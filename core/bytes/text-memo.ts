const slots = 1024;
/** Longer texts are made anew each time. */
const width = 64;

/**
 * Texts by their bytes: the same few names come with every frame, and the same string object each time needs no memory
 * and no hash of its own where it is looked up. Each text has one slot, which the next one that belongs there takes over,
 * so what strangers send costs no more than without it.
 */
export class TextMemo {
  readonly #encoding: 'utf8' | 'base64url';
  readonly #bytes = new Uint8Array(slots * width);
  readonly #lengths = new Uint8Array(slots);
  readonly #texts: string[] = new Array<string>(slots).fill('');

  constructor(encoding: 'utf8' | 'base64url') {
    this.#encoding = encoding;
  }

  /** What `bytes.toString(encoding, start, end)` gives. */
  text(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > width) return bytes.toString(this.#encoding, start, end);
    let hash = length; // FNV-1a of the end: names begin alike
    for (let at = Math.max(start, end - 6); at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    const slot = (hash ^ (hash >>> 16)) & (slots - 1);
    if (this.#holds(slot, bytes, start, length)) return this.#texts[slot]!;
    const text = bytes.toString(this.#encoding, start, end);
    this.#bytes.set(bytes.subarray(start, end), slot * width);
    this.#lengths[slot] = length;
    this.#texts[slot] = text;
    return text;
  }

  #holds(slot: number, bytes: Buffer, start: number, length: number): boolean {
    if (this.#lengths[slot] !== length) return false;
    const kept = this.#bytes;
    const from = slot * width;
    for (let i = 0; i < length; i++) if (kept[from + i] !== bytes[start + i]) return false;
    return true;
  }
}
