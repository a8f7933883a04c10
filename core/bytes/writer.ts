/**
 * The counterpart of Cursor: builds a message as a list of chunks. Small fields go into segments that are never moved
 * (a full one is sealed, the next one started), byte fields over 2 KiB are kept by reference, so that a record batch
 * is never copied on its way from one socket to the other. The referenced bytes must not change until they are sent.
 */
import { BugError, ProtocolError } from '../errors/sluice-error.ts';
import { asBuffer } from './cursor.ts';

const byReference = 2048;
const largestSegment = 64 * 1024;

/** Writes one array element; the version is handed through so that no closure is needed. */
export type ElementWriter<T> = (writer: Writer, version: number, element: T) => void;

/** A place that was left free for an int32. */
export interface Reserved {
  readonly segment: Buffer;
  readonly at: number;
}

/** Builds one message; see the top of the file. */
export class Writer {
  readonly #sealed: Uint8Array[] = [];
  #sealedLength = 0;
  #segment: Buffer;
  #start = 0;
  #position = 0;

  /** `expected` is a guess of the size of the small fields, in bytes. */
  constructor(expected = 512) {
    this.#segment = Buffer.allocUnsafe(expected);
  }

  /** Bytes written so far. */
  get byteLength(): number {
    return this.#sealedLength + this.#position - this.#start;
  }

  /** Everything written so far, in order, without copying. */
  chunks(): Uint8Array[] {
    this.#seal();
    return this.#sealed.slice();
  }

  /** Everything written so far in one piece; copies unless there is one chunk only. */
  toBuffer(): Buffer {
    const chunks = this.chunks();
    return chunks.length === 1 ? asBuffer(chunks[0]!) : Buffer.concat(chunks);
  }

  /** Appends all that another writer holds; its chunks are shared, not copied. */
  append(other: Writer): void {
    for (const chunk of other.chunks()) this.raw(chunk);
  }

  /** Bytes as they are, without a length. */
  raw(bytes: Uint8Array): void {
    if (bytes.length > byReference) {
      this.#seal();
      this.#sealed.push(bytes);
      this.#sealedLength += bytes.length;
      return;
    }
    const at = this.#take(bytes.length);
    this.#segment.set(bytes, at);
  }

  boolean(value: boolean): void {
    this.uint8(value ? 1 : 0);
  }

  uint8(value: number): void {
    const at = this.#take(1);
    this.#segment[at] = value;
  }

  int8(value: number): void {
    this.uint8(value & 0xff);
  }

  uint16(value: number): void {
    const at = this.#take(2);
    this.#segment[at] = value >>> 8;
    this.#segment[at + 1] = value;
  }

  int16(value: number): void {
    this.uint16(value & 0xffff);
  }

  int32(value: number): void {
    const at = this.#take(4);
    putInt32(this.#segment, at, value);
  }

  uint32(value: number): void {
    this.int32(value | 0);
  }

  int64(value: bigint): void {
    const at = this.#take(8);
    this.#segment.writeBigInt64BE(BigInt.asIntN(64, value), at);
  }

  float64(value: number): void {
    const at = this.#take(8);
    this.#segment.writeDoubleBE(value, at);
  }

  unsignedVarint(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.uint8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.uint8(rest);
  }

  varint(value: number): void {
    this.unsignedVarint((value << 1) ^ (value >> 31));
  }

  varlong(value: bigint): void {
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    while (rest >= 0x80n) {
      this.uint8(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.uint8(Number(rest));
  }

  string(value: string): void {
    const length = Buffer.byteLength(value);
    if (length > 0x7fff)
      throw new ProtocolError('BadFrame', `a string of ${length} bytes does not fit its length field`);
    this.int16(length);
    this.#text(value, length);
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1);
    else this.string(value);
  }

  compactString(value: string): void {
    const length = Buffer.byteLength(value);
    this.unsignedVarint(length + 1);
    this.#text(value, length);
  }

  compactNullableString(value: string | null): void {
    if (value === null) this.unsignedVarint(0);
    else this.compactString(value);
  }

  bytes(value: Uint8Array): void {
    this.int32(value.length);
    this.raw(value);
  }

  nullableBytes(value: Uint8Array | null): void {
    if (value === null) this.int32(-1);
    else this.bytes(value);
  }

  compactBytes(value: Uint8Array): void {
    this.unsignedVarint(value.length + 1);
    this.raw(value);
  }

  compactNullableBytes(value: Uint8Array | null): void {
    if (value === null) this.unsignedVarint(0);
    else this.compactBytes(value);
  }

  /** The 22 base64url characters in which Kafka prints a uuid, as its 16 bytes. */
  uuid(value: string): void {
    const bytes = Buffer.from(value, 'base64url');
    if (bytes.length !== 16) throw new ProtocolError('BadFrame', 'a uuid is not 22 base64url characters');
    this.raw(bytes);
  }

  array<T>(flexible: boolean, elements: readonly T[], write: ElementWriter<T>, version: number): void {
    if (flexible) this.unsignedVarint(elements.length + 1);
    else this.int32(elements.length);
    for (const element of elements) write(this, version, element);
  }

  nullableArray<T>(flexible: boolean, elements: readonly T[] | null, write: ElementWriter<T>, version: number): void {
    if (elements !== null) this.array(flexible, elements, write, version);
    else if (flexible) this.unsignedVarint(0);
    else this.int32(-1);
  }

  /** Leaves four bytes free, to be filled by `patchInt32` when their value is known: a length before what it counts. */
  reserveInt32(): Reserved {
    const at = this.#take(4);
    return { segment: this.#segment, at };
  }

  patchInt32(reserved: Reserved, value: number): void {
    putInt32(reserved.segment, reserved.at, value);
  }

  #text(value: string, length: number): void {
    const at = this.#take(length);
    if (this.#segment.write(value, at, length, 'utf8') !== length)
      throw new BugError('a string was cut while writing it');
  }

  #take(length: number): number {
    if (this.#segment.length - this.#position < length) {
      this.#seal();
      this.#segment = Buffer.allocUnsafe(Math.max(length, Math.min(largestSegment, this.#segment.length * 2)));
      this.#start = 0;
      this.#position = 0;
    }
    const at = this.#position;
    this.#position = at + length;
    return at;
  }

  #seal(): void {
    if (this.#position === this.#start) return;
    this.#sealed.push(this.#segment.subarray(this.#start, this.#position));
    this.#sealedLength += this.#position - this.#start;
    this.#start = this.#position;
  }
}

function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
