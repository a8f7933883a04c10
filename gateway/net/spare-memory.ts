/** Larger buffers are not kept. */
const largest = 4 << 20;

/**
 * Memory for answers that are made here, used again and again: fresh buffers of a megabyte each, at thousands a second,
 * have V8 collect garbage for most of the time, since they count as pressure on its heap. One buffer is kept for the
 * whole process, as an answer is mostly with the kernel before the next one is made. Who does not give memory back, on
 * whatever way, loses nothing but the reuse.
 */
export class SpareMemory {
  #spare: Buffer | undefined;

  /** At least so many bytes, with whatever is in them. */
  take(bytes: number): Buffer {
    const spare = this.#spare;
    if (spare === undefined || spare.length < bytes) return Buffer.allocUnsafeSlow(bytes);
    this.#spare = undefined;
    return spare;
  }

  /** Nobody reads or writes it any more. */
  give(memory: Buffer): void {
    if (memory.length <= largest && memory.length > (this.#spare?.length ?? 0)) this.#spare = memory;
  }
}
