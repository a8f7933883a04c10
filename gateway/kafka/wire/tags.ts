/**
 * Tagged fields (KIP-482): what a flexible struct carries behind its fixed fields.
 *
 *   tags = count:varint (tag:varint size:varint value[size])*      tags ascending, each at most once
 *
 * Tags that the definition does not know are kept, so that a message passes through unchanged. Order, repetition and
 * size are checked more strictly than brokers do: a value that two readers would cut differently is refused.
 */
import type { Cursor } from '../../../core/bytes/cursor.ts';
import type { Writer } from '../../../core/bytes/writer.ts';
import { ProtocolError } from '../../../core/errors/sluice-error.ts';

/** A tagged field that the definition does not know. */
export interface UnknownTag {
  readonly tag: number;
  readonly data: Uint8Array;
}

/** A tagged field that is to be written. */
export interface KnownTag {
  readonly tag: number;
  readonly value: Writer;
}

/** Reads the next tag's number; it has to be larger than the one before it. */
export function nextTag(c: Cursor, previous: number): number {
  const tag = c.unsignedVarint();
  if (tag <= previous) throw new ProtocolError('BadFrame', `the tagged field ${tag} follows ${previous}`);
  return tag;
}

/** Reads the tags of a struct that has none of its own. */
export function readUnknownTags(c: Cursor): UnknownTag[] | undefined {
  let unknown: UnknownTag[] | undefined;
  let previous = -1;
  for (let left = c.tagCount(); left > 0; left--) {
    previous = nextTag(c, previous);
    const data = c.slice(c.unsignedVarint());
    unknown ??= [];
    unknown.push({ tag: previous, data });
  }
  return unknown;
}

/** Writes both kinds in the order of their numbers. */
export function writeTags(
  w: Writer,
  unknown: readonly UnknownTag[] | undefined,
  known: readonly KnownTag[] = [],
): void {
  if (unknown === undefined && known.length === 0) {
    w.unsignedVarint(0);
    return;
  }
  const all = [...(unknown ?? []), ...known].sort((a, b) => a.tag - b.tag);
  w.unsignedVarint(all.length);
  for (const field of all) {
    w.unsignedVarint(field.tag);
    if ('value' in field) {
      w.unsignedVarint(field.value.byteLength);
      w.append(field.value);
    } else {
      w.unsignedVarint(field.data.length);
      w.raw(field.data);
    }
  }
}

/** A version without tagged fields cannot carry unknown ones. */
export function refuseTags(message: string, v: number, unknown: readonly UnknownTag[] | undefined): void {
  if (unknown !== undefined && unknown.length > 0) throw unsupported(`${message} with unknown tags`, v);
}

/** The version lacks a field whose value must not be lost. */
export function unsupported(what: string, v: number): ProtocolError {
  return new ProtocolError('BadFrame', `${what} cannot be written in version ${v}`);
}

/** A field may be null in other versions only. */
export function required<T>(value: T | null, what: string, v: number): T {
  if (value === null) throw unsupported(`${what} of null`, v);
  return value;
}

/** The definitions end somewhere: outside of their versions nothing is read or written. */
export function checkVersion(message: string, v: number, min: number, max: number): void {
  if (!(v >= min && v <= max))
    throw new ProtocolError('BadFrame', `${message} has no version ${v}, only ${min} to ${max}`);
}
