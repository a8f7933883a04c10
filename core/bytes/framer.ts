/**
 * Cuts a byte stream into frames: int32 length, then as many bytes. A frame is handed on together with its length
 * prefix, so that it can be forwarded as it is. One that lies inside a chunk is a view of that chunk; one that was
 * split is assembled once, in memory that grows with what has really arrived, never with what was announced.
 */
import { ProtocolError } from '../errors/sluice-error.ts';
import { asBuffer } from './cursor.ts';

const prefix = 4;
const firstAllocation = 64 * 1024;

/**
 * Gets a frame with its length prefix; a view is valid only as long as the chunk it came in. `false` stops the
 * framer behind this frame.
 */
export type OnFrame = (frame: Buffer) => boolean | undefined;

/** One per direction of a connection; keeps what is left of an incomplete frame. */
export class Framer {
  /** Largest length that a frame may announce, in bytes without the prefix. Small before authentication. */
  maxFrameSize: number;
  #pending: Buffer | undefined;
  #filled = 0;
  /** Whole size of the pending frame with its prefix; 0 while the prefix itself is incomplete. */
  #total = 0;

  constructor(maxFrameSize: number) {
    this.maxFrameSize = maxFrameSize;
  }

  /** Bytes of an incomplete frame that are held. */
  get buffered(): number {
    return this.#filled;
  }

  /**
   * Takes the next bytes of the stream and returns how many of them were used: all, unless `onFrame` returned false;
   * the rest is then the caller's to push again. Throws ProtocolError('BadFrame') at a bad length, before holding
   * anything of that frame; the stream cannot be used afterwards.
   */
  push(chunk: Uint8Array, onFrame: OnFrame): number {
    const bytes = asBuffer(chunk);
    let at = 0;
    while (at < bytes.length) {
      if (this.#filled > 0 || bytes.length - at < prefix) {
        at += this.#collect(bytes, at);
        if (this.#total === 0 || this.#filled < this.#total) continue;
        if (onFrame(this.#release()) === false) return at;
        continue;
      }
      const total = this.#checked(bytes.readInt32BE(at));
      if (bytes.length - at < total) {
        this.#total = total;
        at += this.#collect(bytes, at);
        continue;
      }
      at += total;
      if (onFrame(bytes.subarray(at - total, at)) === false) return at;
    }
    return at;
  }

  #collect(bytes: Buffer, at: number): number {
    const wanted = (this.#total === 0 ? prefix : this.#total) - this.#filled;
    const taken = Math.min(wanted, bytes.length - at);
    this.#reserve(this.#filled + taken);
    bytes.copy(this.#pending!, this.#filled, at, at + taken);
    this.#filled += taken;
    if (this.#total === 0 && this.#filled === prefix) this.#total = this.#checked(this.#pending!.readInt32BE(0));
    return taken;
  }

  /** Room for `needed` bytes: exactly the frame where that is small, else at most twice what has arrived. */
  #reserve(needed: number): void {
    if (this.#pending !== undefined && this.#pending.length >= needed) return;
    const limit = this.#total === 0 ? prefix : this.#total;
    const grown = Buffer.allocUnsafeSlow(Math.min(limit, Math.max(firstAllocation, needed * 2)));
    this.#pending?.copy(grown, 0, 0, this.#filled);
    this.#pending = grown;
  }

  #release(): Buffer {
    const frame = this.#pending!.subarray(0, this.#total);
    this.#pending = undefined;
    this.#filled = 0;
    this.#total = 0;
    return frame;
  }

  #checked(length: number): number {
    if (length < 0 || length > this.maxFrameSize) {
      throw new ProtocolError('BadFrame', `a frame announces ${length} bytes, the limit is ${this.maxFrameSize}`);
    }
    return length + prefix;
  }
}
