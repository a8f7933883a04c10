/**
 * The records inside a decompressed batch, by the places of their fields:
 *
 *   record  = length:varint attributes:int8 timestampDelta:varlong offsetDelta:varint key value headers
 *   key, value, header value = length:varint bytes      (-1: null)
 *   headers = count:varint (keyLength:varint key value)*
 *
 * Nothing is copied.
 */
import { Cursor } from '../../../core/bytes/cursor.ts';
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

function bad(why: string): ProtocolError {
  return new ProtocolError('BadBatch', `records: ${why}`);
}
