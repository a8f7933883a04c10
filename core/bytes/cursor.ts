/**
 * A bounds-checked reader over received bytes, with the primitive types of Kafka's protocol (big endian; compact
 * forms are unsigned varints holding length + 1, with 0 for null). Nothing is copied: byte fields are views that live
 * as long as the bytes underneath. Every read that would leave the bytes throws ProtocolError('BadFrame').
 */
import { Buffer } from 'node:buffer'; // the global of this name is a getter
import { ProtocolError } from '../errors/sluice-error.ts';
import { TextMemo } from './text-memo.ts';

/** Most elements that one array may announce; Kafka 4.4's own limit. */
export const maxArrayLength = 1_000_000;
/** Most tagged fields that one struct may announce; Kafka 4.4's own limit. */
export const maxTagCount = 10_000;

const strings = new TextMemo('utf8');
const uuids = new TextMemo('base64url');
/** Eight bytes to be read as one number: much cheaper than Buffer's own way, which adds up two halves. */
const scratch = new DataView(new ArrayBuffer(8));

/** Most bytes of one string; Kafka's own limit. */
export const maxStringLength = 32_767;
/**
 * The same of what clients send: V8 has nothing but the length for the hash of longer strings, so that many of one length
 * would make every table of names slow.
 */
export const maxClientStringLength = 16_383;

/** Reads one array element; the version is handed through so that no closure is needed. */
export type ElementReader<T> = (cursor: Cursor, version: number) => T;

/** Views the same memory as a Buffer, which has the fast decoders. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads forward over received bytes; see the top of the file. */
export class Cursor {
  readonly #bytes: Buffer;
  readonly #end: number;
  #position: number;
  /** Most bytes of one string here. */
  longestString = maxStringLength;

  /** Reads `bytes` from `start` up to `end`, both offsets into `bytes`. */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    if (start < 0 || start > end || end > bytes.length) throw short('the range', end - start, bytes.length);
    this.#bytes = asBuffer(bytes);
    this.#position = start;
    this.#end = end;
  }

  /** Offset of the next byte to be read, into the bytes given at construction. */
  get position(): number {
    return this.#position;
  }

  /** Bytes left. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  /** Throws unless everything was read: a frame with bytes left over is not what it claims to be. */
  finish(): void {
    if (this.#position !== this.#end) {
      throw new ProtocolError('BadFrame', `${this.remaining} bytes are left over after the last field`);
    }
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** The next `length` bytes as a view. */
  slice(length: number): Buffer {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** A cursor of its own over the next `length` bytes, which this one steps over. */
  sub(length: number): Cursor {
    const start = this.#take(length);
    const inner = new Cursor(this.#bytes, start, start + length);
    inner.longestString = this.longestString;
    return inner;
  }

  boolean(): boolean {
    return this.#bytes[this.#take(1)] !== 0;
  }

  uint8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  int8(): number {
    return (this.#bytes[this.#take(1)]! << 24) >> 24;
  }

  uint16(): number {
    const at = this.#take(2);
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }

  int16(): number {
    return (this.uint16() << 16) >> 16;
  }

  int32(): number {
    const at = this.#take(4);
    const b = this.#bytes;
    return (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!;
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  int64(): bigint {
    scratch.setInt32(0, this.int32());
    scratch.setInt32(4, this.int32());
    return scratch.getBigInt64(0);
  }

  float64(): number {
    return this.#bytes.readDoubleBE(this.#take(8));
  }

  /** Unsigned LEB128 of at most 32 bits. */
  unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.#take(1)]!;
      if (shift === 28 && byte > 0x0f) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new ProtocolError('BadFrame', 'a varint is longer than 32 bits');
  }

  /** Zigzag varint of at most 32 bits. */
  varint(): number {
    const raw = this.unsignedVarint();
    return (raw >>> 1) ^ -(raw & 1);
  }

  /** Zigzag varint of at most 64 bits. */
  varlong(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#take(1)]!;
      if (shift === 63n && byte > 1) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return (value >> 1n) ^ -(value & 1n);
    }
    throw new ProtocolError('BadFrame', 'a varint is longer than 64 bits');
  }

  /** Steps over a varint of at most 64 bits, which is much cheaper than reading one. */
  skipVarlong(): void {
    for (let length = 1; length <= 10; length++) if (this.#bytes[this.#take(1)]! < 0x80) return;
    throw new ProtocolError('BadFrame', 'a varint is longer than 64 bits');
  }

  string(): string {
    return this.#text(notNull(this.int16()));
  }

  nullableString(): string | null {
    const length = nullable(this.int16());
    return length < 0 ? null : this.#text(length);
  }

  compactString(): string {
    return this.#text(notNull(this.unsignedVarint() - 1));
  }

  compactNullableString(): string | null {
    const length = this.unsignedVarint() - 1;
    return length < 0 ? null : this.#text(length);
  }

  /** int32 length, then the bytes, as a view. */
  bytes(): Buffer {
    return this.slice(notNull(this.int32()));
  }

  nullableBytes(): Buffer | null {
    const length = nullable(this.int32());
    return length < 0 ? null : this.slice(length);
  }

  compactBytes(): Buffer {
    return this.slice(notNull(this.unsignedVarint() - 1));
  }

  compactNullableBytes(): Buffer | null {
    const length = this.unsignedVarint() - 1;
    return length < 0 ? null : this.slice(length);
  }

  /** Length of a byte field, or -1 for null; the bytes themselves need not be there yet. */
  bytesLength(flexible: boolean): number {
    return flexible ? this.unsignedVarint() - 1 : nullable(this.int32());
  }

  /** 16 bytes as the 22 base64url characters in which Kafka prints them. */
  uuid(): string {
    const at = this.#take(16);
    return uuids.text(this.#bytes, at, at + 16);
  }

  /** Element count of an array, or -1 for null; never more than the bytes left can hold. */
  arrayLength(flexible: boolean): number {
    const length = flexible ? this.unsignedVarint() - 1 : nullable(this.int32());
    if (length > this.remaining || length > maxArrayLength) {
      throw new ProtocolError('BadFrame', `an array announces ${length} elements, with ${this.remaining} bytes left`);
    }
    return length;
  }

  array<T>(flexible: boolean, read: ElementReader<T>, version: number): T[] {
    return this.#elements(notNull(this.arrayLength(flexible)), read, version);
  }

  nullableArray<T>(flexible: boolean, read: ElementReader<T>, version: number): T[] | null {
    const length = this.arrayLength(flexible);
    return length < 0 ? null : this.#elements(length, read, version);
  }

  /** Number of tagged fields that follow; each needs at least two bytes. */
  tagCount(): number {
    const count = this.unsignedVarint();
    if (count > maxTagCount || count * 2 > this.remaining) {
      throw new ProtocolError('BadFrame', `${count} tagged fields are announced, with ${this.remaining} bytes left`);
    }
    return count;
  }

  #elements<T>(length: number, read: ElementReader<T>, version: number): T[] {
    if (length === 1) return [read(this, version)]; // which leaves no room for more
    const elements: T[] = [];
    for (let i = 0; i < length; i++) elements.push(read(this, version));
    return elements;
  }

  #text(length: number): string {
    if (length > this.longestString) {
      throw new ProtocolError('BadFrame', `a string of ${length} bytes, with ${this.longestString} allowed`);
    }
    const start = this.#take(length);
    return strings.text(this.#bytes, start, start + length);
  }

  #take(length: number): number {
    const start = this.#position;
    if (length < 0 || length > this.#end - start) throw short('a field', length, this.remaining);
    this.#position = start + length;
    return start;
  }
}

function short(what: string, wanted: number, left: number): ProtocolError {
  return new ProtocolError('BadFrame', `${what} needs ${wanted} bytes, with ${left} left`);
}

function notNull(length: number): number {
  if (length < 0) throw new ProtocolError('BadFrame', `a field that may not be null has the length ${length}`);
  return length;
}

function nullable(length: number): number {
  if (length < -1) throw new ProtocolError('BadFrame', `a field has the length ${length}`);
  return length;
}
