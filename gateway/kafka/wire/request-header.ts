/**
 * The header of a request, behind the frame's length:
 *
 *   v0/v1 = apiKey:int16 apiVersion:int16 correlationId:int32 [clientId:nullable string, from v1]
 *   v2    = v1 tags            (flexible versions; the client id keeps its int16 length)
 *
 * v0 belongs to the ZooKeeper era's ControlledShutdown alone and is not read. The client id is noted by its place
 * only, so that an opaque frame costs no string.
 */
import { asBuffer, Cursor } from '../../../core/bytes/cursor.ts';
import { TextMemo } from '../../../core/bytes/text-memo.ts';
import type { Writer } from '../../../core/bytes/writer.ts';
import { ProtocolError } from '../../../core/errors/sluice-error.ts';
import { apiByKey } from './generated/apis.ts';
import { readUnknownTags } from './tags.ts';

/** Bytes of the length prefix before the header. */
export const framePrefix = 4;
const fixedPart = 10;
const clientIds = new TextMemo('utf8');

/** One per connection, filled anew for each frame: nothing is allocated per request. */
export class RequestHeader {
  apiKey = 0;
  apiVersion = 0;
  /** Chosen by the client; may repeat. */
  correlationId = 0;
  /** Offsets of the client id's bytes in the frame; both are its end when it is null. */
  clientIdStart = 0;
  clientIdEnd = 0;
  /** Whether the client id is null rather than empty. */
  clientIdIsNull = true;
  /** Offset of the body in the frame; right behind the client id where the API is unknown. */
  bodyOffset = 0;

  /** Reads the header of a frame with its length prefix; ProtocolError('BadFrame') where it is cut. */
  read(frame: Uint8Array): this {
    const bytes = asBuffer(frame);
    if (bytes.length < framePrefix + fixedPart) {
      throw new ProtocolError('BadFrame', `a request of ${bytes.length - framePrefix} bytes has no header`);
    }
    this.apiKey = bytes.readInt16BE(4);
    this.apiVersion = bytes.readInt16BE(6);
    this.correlationId = bytes.readInt32BE(8);
    const length = bytes.readInt16BE(12);
    this.clientIdIsNull = length === -1;
    this.clientIdStart = framePrefix + fixedPart;
    this.clientIdEnd = this.clientIdStart + Math.max(0, length);
    if (length < -1 || this.clientIdEnd > bytes.length) {
      throw new ProtocolError('BadFrame', `a client id announces ${length} bytes`);
    }
    this.bodyOffset = this.clientIdEnd;
    if (apiByKey.get(this.apiKey)?.requestHeaderVersion(this.apiVersion) === 2) this.#skipTags(bytes);
    return this;
  }

  /** The client id's text, of the frame that was read last. */
  clientId(frame: Uint8Array): string | null {
    return this.clientIdIsNull ? null : clientIds.text(asBuffer(frame), this.clientIdStart, this.clientIdEnd);
  }

  #skipTags(bytes: Buffer): void {
    if (bytes[this.bodyOffset] === 0) {
      this.bodyOffset++;
      return;
    }
    const c = new Cursor(bytes, this.bodyOffset);
    readUnknownTags(c);
    this.bodyOffset = c.position;
  }
}

/** Writes a header of version 1 or 2, without tags. */
export function writeRequestHeader(
  w: Writer,
  headerVersion: 1 | 2,
  header: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly correlationId: number;
    readonly clientId: string | null;
  },
): void {
  w.int16(header.apiKey);
  w.int16(header.apiVersion);
  w.int32(header.correlationId);
  w.nullableString(header.clientId);
  if (headerVersion === 2) w.unsignedVarint(0);
}
