/** Replacements in one value, given in order, and the value that they make. Reused for value after value. */
export class Splice {
  #value: Uint8Array = new Uint8Array(0);
  #starts = new Uint32Array(64);
  #ends = new Uint32Array(64);
  readonly #by: Uint8Array[] = [];
  #count = 0;
  #growth = 0;

  get empty(): boolean {
    return this.#count === 0;
  }

  begin(value: Uint8Array): void {
    this.#value = value;
    this.#count = 0;
    this.#growth = 0;
  }

  /** Puts `by` in the place of the bytes from `start` to `end`. Starts must not be before the last end. */
  replace(start: number, end: number, by: Uint8Array): void {
    if (this.#count === this.#starts.length) {
      this.#starts = grown(this.#starts);
      this.#ends = grown(this.#ends);
    }
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    this.#by[this.#count] = by;
    this.#count++;
    this.#growth += by.length - (end - start);
  }

  /** Length of the value with all replacements. */
  get size(): number {
    return this.#value.length + this.#growth;
  }

  /** Writes the value with all replacements, `size` bytes, to `target` from `position` on. */
  copyTo(target: Uint8Array, position: number): void {
    const value = this.#value;
    let from = 0;
    let at = position;
    for (let i = 0; i < this.#count; i++) {
      const start = this.#starts[i] as number;
      const by = this.#by[i] as Uint8Array;
      at = copy(target, at, value, from, start);
      at = copy(target, at, by, 0, by.length);
      from = this.#ends[i] as number;
    }
    copy(target, at, value, from, value.length);
    this.#by.length = Math.min(this.#by.length, 64); // a value with many replacements is not kept alive by them
  }
}

/** Short pieces byte by byte: a call into the runtime costs more than they do. */
function copy(to: Uint8Array, at: number, from: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length > 64) to.set(from.subarray(start, end), at);
  else for (let i = 0; i < length; i++) to[at + i] = from[start + i] as number;
  return at + length;
}

function grown(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
