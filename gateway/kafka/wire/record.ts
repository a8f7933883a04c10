/**
 * The records inside a decompressed batch, by the places of their fields:
 *
 *   record  = length:varint attributes:int8 timestampDelta:varlong offsetDelta:varint key value headers
 *   key, value, header value = length:varint bytes      (-1: null)
 *   headers = count:varint (keyLength:varint key value)*
 *
 * Nothing is copied. A record is changed by splicing: new bytes for one field, the others as they are.
 */
import { asBuffer, Cursor } from '../../../core/bytes/cursor.ts';
import type { Writer } from '../../../core/bytes/writer.ts';
import { ProtocolError } from '../../../core/errors/sluice-error.ts';

/** Offsets into the payload. `data` is undefined for null; the field itself begins at `start`, with its length. */
export interface FieldPlace {
  readonly start: number;
  readonly end: number;
  readonly data: { readonly start: number; readonly end: number } | undefined;
}

/** A header of a record; its key is never null. */
export interface HeaderPlace {
  readonly key: FieldPlace;
  readonly value: FieldPlace;
}

/** A record by its places in the payload. */
export interface RecordPlace {
  /** Where its length begins. */
  readonly start: number;
  readonly end: number;
  /** Where its attributes begin, right behind the length. */
  readonly bodyStart: number;
  readonly offsetDelta: number;
  readonly key: FieldPlace;
  readonly value: FieldPlace;
  /** From the header count to the end of the record. */
  readonly headersStart: number;
  readonly headers: readonly HeaderPlace[];
}

/** New contents for fields of a record; what is absent stays. Null makes the field null. */
export interface RecordChange {
  readonly key?: Uint8Array | null;
  readonly value?: Uint8Array | null;
  /** By the header's place in the list. */
  readonly headers?: ReadonlyMap<number, Uint8Array | null>;
}

const smallestRecord = 7;

/**
 * The `count` records of a decompressed batch, one at a time: a payload of tiny records would need many times its size
 * as objects. Anything but exactly that many, each exactly as long as it says, is ProtocolError('BadBatch'), at the
 * latest after the last one: a reader that stops elsewhere than ours would see other records.
 */
export function* iterateRecords(payload: Uint8Array, count: number): Generator<RecordPlace, void, undefined> {
  if (count < 0 || count * smallestRecord > payload.length) throw bad(`${count} records are announced`);
  const c = new Cursor(payload);
  const next = (): RecordPlace => readRecord(payload, c);
  for (let i = 0; i < count; i++) yield inBatch(next);
  inBatch(() => c.finish());
}

/** The same as a list, where the payload is small or the whole of it is needed. */
export function readRecords(payload: Uint8Array, count: number): RecordPlace[] {
  return [...iterateRecords(payload, count)];
}

/** Writes a record with changes. Attributes, timestamp and offset are kept. */
export function writeRecord(w: Writer, payload: Uint8Array, record: RecordPlace, change: RecordChange): void {
  const bytes = asBuffer(payload);
  const parts: (Uint8Array | number)[] = [bytes.subarray(record.bodyStart, record.key.start)];
  addField(parts, bytes, record.key, change.key);
  addField(parts, bytes, record.value, change.value);
  if (change.headers === undefined) {
    parts.push(bytes.subarray(record.headersStart, record.end));
  } else {
    parts.push(record.headers.length);
    record.headers.forEach((header, i) => {
      parts.push(bytes.subarray(header.key.start, header.key.end));
      addField(parts, bytes, header.value, change.headers?.get(i));
    });
  }
  w.varint(parts.reduce<number>((sum, part) => sum + (typeof part === 'number' ? varintSize(part) : part.length), 0));
  for (const part of parts) {
    if (typeof part === 'number') w.varint(part);
    else w.raw(part);
  }
}

function addField(
  parts: (Uint8Array | number)[],
  bytes: Buffer,
  place: FieldPlace,
  change: Uint8Array | null | undefined,
): void {
  if (change === undefined) parts.push(bytes.subarray(place.start, place.end));
  else if (change === null) parts.push(-1);
  else parts.push(change.length, change);
}

function readRecord(payload: Uint8Array, c: Cursor): RecordPlace {
  const start = c.position;
  const length = c.varint();
  const bodyStart = c.position;
  if (length < 0 || length > c.remaining) throw bad(`a record announces ${length} bytes`);
  const end = bodyStart + length;
  const body = new Cursor(payload, bodyStart, end);
  body.int8();
  body.skipVarlong();
  const offsetDelta = body.varint();
  const key = readField(body);
  const value = readField(body);
  const headersStart = body.position;
  const headers = readHeaders(body);
  body.finish();
  c.skip(length);
  return { start, end, bodyStart, offsetDelta, key, value, headersStart, headers };
}

function readHeaders(c: Cursor): HeaderPlace[] {
  const count = c.varint();
  if (count < 0 || count * 2 > c.remaining) throw bad(`${count} headers are announced`);
  const headers: HeaderPlace[] = [];
  for (let i = 0; i < count; i++) {
    const key = readField(c);
    if (key.data === undefined) throw bad('a header has no key');
    headers.push({ key, value: readField(c) });
  }
  return headers;
}

function readField(c: Cursor): FieldPlace {
  const start = c.position;
  const length = c.varint();
  if (length < -1) throw bad(`a field announces ${length} bytes`);
  if (length === -1) return { start, end: c.position, data: undefined };
  const data = { start: c.position, end: c.position + length };
  c.skip(length);
  return { start, end: data.end, data };
}

/** What does not parse inside a batch is the batch's fault, not the frame's. */
function inBatch<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ProtocolError && error.code === 'BadFrame' ? bad(error.message) : error;
  }
}

function varintSize(value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let size = 1;
  for (; rest >= 0x80; rest >>>= 7) size++;
  return size;
}

function bad(why: string): ProtocolError {
  return new ProtocolError('BadBatch', `records: ${why}`);
}
