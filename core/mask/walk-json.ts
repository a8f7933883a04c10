import { decodeText, stringEnd } from './json-text.ts';
import type { PathNode } from './path-node.ts';

/** Why a value is not one whose fields can be found. */
export type WalkFault = 'NotJson' | 'NotUtf8' | 'TooDeep';

/** Told of each scalar whose node is active, in order. Ends are exclusive; for strings both are inside the quotes. */
export interface LeafVisitor {
  /** Whether names of fields are told of as well. */
  readonly names: boolean;
  name(start: number, end: number, escaped: boolean): void;
  string(start: number, end: number, escaped: boolean, node: PathNode): void;
  number(start: number, end: number, node: PathNode): void;
  boolean(start: number, end: number, node: PathNode): void;
}

/** Where the name of the field around the current value is, inside its quotes; 0, 0 outside of objects. */
export interface FieldName {
  start: number;
  end: number;
}

export const deepest = 128;

const objects = new Uint8Array(deepest + 1);
const nodes: PathNode[] = [];

/**
 * Walks over one JSON text: the whole grammar of RFC 8259, UTF-8 included, at most 128 containers deep. Returns what is
 * wrong with it, after which the visitor's knowledge is worth nothing. Names are compared decoded, at each occurrence.
 */
export function walkJson(b: Uint8Array, root: PathNode, visitor: LeafVisitor, field: FieldName): WalkFault | undefined {
  const n = b.length;
  let i = skipSpace(b, 0);
  let depth = 0;
  let node = root;
  field.start = 0;
  field.end = 0;
  for (;;) {
    // A value starts at i.
    const c = i < n ? (b[i] as number) : 0;
    let opened = false;
    if (c === 0x22) {
      const found = stringEnd(b, i + 1);
      if (found < 0) return found === -2 ? 'NotUtf8' : 'NotJson';
      const end = found >> 1;
      if (node.active) visitor.string(i + 1, end, (found & 1) === 1, node);
      i = end + 1;
    } else if (c === 0x7b || c === 0x5b) {
      if (depth === deepest) return 'TooDeep';
      depth++;
      objects[depth] = c === 0x7b ? 1 : 0;
      nodes[depth] = node;
      i = skipped(b, i + 1);
      if (b[i] === c + 2) {
        depth--;
        i++;
      } else {
        opened = true;
      }
    } else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) {
      const end = numberEnd(b, i);
      if (end < 0) return 'NotJson';
      if (node.active) visitor.number(i, end, node);
      i = end;
    } else {
      const end = literalEnd(b, i);
      if (end < 0) return c >= 0x80 ? notAscii(b, i) : 'NotJson';
      if (c !== 0x6e && node.active) visitor.boolean(i, end, node);
      i = end;
    }
    // After a value: close what ends here, up to the next value.
    while (!opened) {
      let after = i < n ? (b[i] as number) : 0;
      if (after <= 0x20) {
        i = skipSpace(b, i);
        after = i < n ? (b[i] as number) : 0;
      }
      if (depth === 0) return i === n ? undefined : 'NotJson';
      if (after === 0x2c) {
        i = skipped(b, i + 1);
        opened = true;
      } else if (after === (objects[depth] === 1 ? 0x7d : 0x5d)) {
        depth--;
        i++;
      } else {
        return 'NotJson';
      }
    }
    node = nodes[depth] as PathNode;
    if (objects[depth] === 1) {
      if (b[i] !== 0x22) return 'NotJson';
      const found = stringEnd(b, i + 1);
      if (found < 0) return found === -2 ? 'NotUtf8' : 'NotJson';
      const end = found >> 1;
      if (visitor.names) visitor.name(i + 1, end, (found & 1) === 1);
      node = inside(node, b, i + 1, end, (found & 1) === 1);
      field.start = i + 1;
      field.end = end;
      i = skipped(b, end + 1);
      if (b[i] !== 0x3a) return 'NotJson';
      i = skipped(b, i + 1);
    }
  }
}

function inside(node: PathNode, b: Uint8Array, start: number, end: number, escaped: boolean): PathNode {
  const { named } = node;
  if (named === undefined) return node.other;
  if (escaped) {
    const text = decodeText(b, start, end);
    return lookUp(node, named, text.bytes, 0, text.length);
  }
  return lookUp(node, named, b, start, end);
}

function lookUp(
  node: PathNode,
  named: NonNullable<PathNode['named']>,
  b: Uint8Array,
  start: number,
  end: number,
): PathNode {
  const length = end - start;
  const steps = length < named.length ? named[length] : undefined;
  if (steps === undefined) return node.other;
  next: for (let s = 0; s < steps.length; s++) {
    const step = steps[s] as (typeof steps)[number];
    const { name } = step;
    for (let k = 0; k < length; k++) if (name[k] !== b[start + k]) continue next;
    return step.to;
  }
  return node.other;
}

/** Mostly there is none: then this is small enough to be compiled into its caller. */
function skipped(b: Uint8Array, at: number): number {
  return at < b.length && (b[at] as number) <= 0x20 ? skipSpace(b, at) : at;
}

function skipSpace(b: Uint8Array, at: number): number {
  let i = at;
  while (i < b.length) {
    const c = b[i];
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break;
    i++;
  }
  return i;
}

/** -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
function numberEnd(b: Uint8Array, at: number): number {
  let i = at;
  if (b[i] === 0x2d) i++;
  if (b[i] === 0x30) i++;
  else {
    const from = i;
    i = digitsEnd(b, i);
    if (i === from) return -1;
  }
  if (b[i] === 0x2e) {
    const from = i + 1;
    i = digitsEnd(b, from);
    if (i === from) return -1;
  }
  if (b[i] === 0x65 || b[i] === 0x45) {
    i++;
    if (b[i] === 0x2b || b[i] === 0x2d) i++;
    const from = i;
    i = digitsEnd(b, from);
    if (i === from) return -1;
  }
  return i;
}

function digitsEnd(b: Uint8Array, at: number): number {
  let i = at;
  while (i < b.length && (b[i] as number) >= 0x30 && (b[i] as number) <= 0x39) i++;
  return i;
}

const literals = ['true', 'false', 'null'].map((text) => Buffer.from(text));

function literalEnd(b: Uint8Array, i: number): number {
  for (const literal of literals) {
    if (b[i] !== literal[0]) continue;
    if (i + literal.length > b.length) return -1;
    for (let k = 1; k < literal.length; k++) if (b[i + k] !== literal[k]) return -1;
    return i + literal.length;
  }
  return -1;
}

/** A character outside of strings is never JSON; what is said of it depends on whether it is one. */
function notAscii(b: Uint8Array, i: number): WalkFault {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(b.subarray(i));
    return 'NotJson';
  } catch {
    return 'NotUtf8';
  }
}
