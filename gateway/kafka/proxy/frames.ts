import { Cursor } from '../../../core/bytes/cursor.ts';
import { Writer } from '../../../core/bytes/writer.ts';
import { framePrefix } from '../wire/request-header.ts';
import { writeResponseHeader } from '../wire/response-header.ts';

/** Where an answer's body begins: behind length, correlation id and, in flexible versions, the header's tags. */
export function answerBodyOffset(frame: Buffer, headerVersion: 0 | 1): number {
  if (headerVersion === 0) return 8;
  if (frame[8] === 0) return 9;
  const cursor = new Cursor(frame, 8);
  for (let left = cursor.tagCount(); left > 0; left--) {
    cursor.unsignedVarint();
    cursor.skip(cursor.unsignedVarint());
  }
  return cursor.position;
}

/** The frame's header, as it is, in front of another body. */
export function withBody(frame: Buffer, bodyOffset: number, body: Writer): Uint8Array[] {
  const header = Buffer.from(frame.subarray(0, bodyOffset));
  header.writeInt32BE(bodyOffset - framePrefix + body.byteLength);
  return [header, ...body.chunks()];
}

/** An answer of our own. */
export function answerFrame(correlationId: number, headerVersion: 0 | 1, body: Writer): Uint8Array[] {
  const header = new Writer(16);
  const length = header.reserveInt32();
  writeResponseHeader(header, headerVersion, correlationId);
  header.patchInt32(length, header.byteLength - framePrefix + body.byteLength);
  return [...header.chunks(), ...body.chunks()];
}

/** A bare SASL token (after a SaslHandshake of version 0): length, bytes. */
export function bareFrame(body: Writer): Uint8Array[] {
  const prefix = Buffer.allocUnsafe(framePrefix);
  prefix.writeInt32BE(body.byteLength);
  return [prefix, ...body.chunks()];
}
