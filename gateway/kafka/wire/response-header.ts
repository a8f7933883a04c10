/**
 * The header of a response, behind the frame's length:
 *
 *   v0 = correlationId:int32        v1 = v0 tags    (flexible versions, ApiVersions excepted)
 */
import type { Cursor } from '../../../core/bytes/cursor.ts';
import type { Writer } from '../../../core/bytes/writer.ts';
import { readUnknownTags } from './tags.ts';

/** Reads the header and returns the correlation id; the cursor then stands at the body. */
export function readResponseHeader(c: Cursor, headerVersion: 0 | 1): number {
  const correlationId = c.int32();
  if (headerVersion === 1) readUnknownTags(c);
  return correlationId;
}

/** Writes the header, without tags. */
export function writeResponseHeader(w: Writer, headerVersion: 0 | 1, correlationId: number): void {
  w.int32(correlationId);
  if (headerVersion === 1) w.unsignedVarint(0);
}
