/** Readers and writers of array elements that are no structs, as functions, so that a generated codec makes no closure. */
import type { Cursor } from '../../../core/bytes/cursor.ts';
import type { Writer } from '../../../core/bytes/writer.ts';

export const readInt8 = (c: Cursor): number => c.int8();
export const readInt16 = (c: Cursor): number => c.int16();
export const readInt32 = (c: Cursor): number => c.int32();
export const readInt64 = (c: Cursor): bigint => c.int64();
export const readUuid = (c: Cursor): string => c.uuid();
export const readString = (c: Cursor): string => c.string();
export const readCompactString = (c: Cursor): string => c.compactString();

export const writeInt8 = (w: Writer, _: number, value: number): void => w.int8(value);
export const writeInt16 = (w: Writer, _: number, value: number): void => w.int16(value);
export const writeInt32 = (w: Writer, _: number, value: number): void => w.int32(value);
export const writeInt64 = (w: Writer, _: number, value: bigint): void => w.int64(value);
export const writeUuid = (w: Writer, _: number, value: string): void => w.uuid(value);
export const writeString = (w: Writer, _: number, value: string): void => w.string(value);
export const writeCompactString = (w: Writer, _: number, value: string): void => w.compactString(value);
