import type { MaskAction } from '../model/documents.ts';
import type { MaskCount } from '../model/mask-count.ts';
import { namesSsn } from './detect-digits.ts';
import { findInNumber, findSpans, mayHold, type Span } from './find-spans.ts';
import { decodeText } from './json-text.ts';
import type { MaskKeys } from './mask-keys.ts';
import { type CompiledRule, type DetectorRules, strengthOf } from './mask-rule.ts';
import { countsOf, MaskTally, maskSlots, slotOf } from './mask-tally.ts';
import { maskText, redacted } from './mask-text.ts';
import type { PathNode, PathNodes } from './path-node.ts';
import { Splice } from './splice.ts';
import { type FieldName, type LeafVisitor, type WalkFault, walkJson } from './walk-json.ts';

/** What became of one value. It never holds anything of a value that is refused. */
export type MaskResult =
  /** No rule found anything: the bytes that came are the ones to pass on. */
  | { readonly kind: 'unchanged' }
  | MaskedValue
  /** The value's fields cannot be found, and it may not pass. */
  | { readonly kind: 'unmaskable'; readonly code: WalkFault };

/** A value with its replacements, good until the masker is given the next one. */
export interface MaskedValue {
  readonly kind: 'masked';
  /** Length of the masked value. */
  readonly size: number;
  /** Writes it to `target` from `at` on. */
  copyTo(target: Uint8Array, at: number): void;
  /** What was done in this value. */
  readonly counts: readonly MaskCount[];
  /** Adds the same to `tally`, without a list for each value. */
  count(tally: MaskTally): void;
}

/** Where a value cannot be masked but the policy would rather hide all of it than refuse it. */
export interface WholeValue {
  readonly value: Uint8Array;
  readonly counts: readonly MaskCount[];
}

export interface MaskerParts {
  readonly nodes: PathNodes;
  /** By their index. */
  readonly rules: readonly CompiledRule[];
  readonly keys: MaskKeys | undefined;
  /** Detectors that look at names of fields, wherever they are. */
  readonly inNames: DetectorRules | undefined;
  /** Undefined = refuse what cannot be masked. */
  readonly whole: WholeValue | undefined;
}

/**
 * Hides what the rules say in JSON values, one after the other: walks over the bytes once and puts replacements in
 * their place, so that everything else stays byte for byte what it was. Not for two values at a time.
 */
export class Masker {
  /** What takes the place of any value that cannot be masked; undefined = such a value must not pass. */
  readonly whole: WholeValue | undefined;
  readonly #nodes: PathNodes;
  readonly #leaves: Leaves;

  constructor(parts: MaskerParts) {
    this.whole = parts.whole;
    this.#nodes = parts.nodes;
    this.#leaves = new Leaves(parts);
  }

  /** Masks one value. A null (a tombstone) is unchanged: it hides nothing, and deletes downstream. */
  mask(value: Uint8Array | null): MaskResult {
    if (value === null) return unchanged;
    const leaves = this.#leaves;
    leaves.begin(value);
    const fault = walkJson(value, this.#nodes.root, leaves, leaves.field);
    if (fault === undefined) return leaves.result();
    if (this.whole) return new WholeMasked(this.whole);
    return { kind: 'unmaskable', code: fault };
  }

  /** Counts over many values. */
  tally(): MaskTally {
    return new MaskTally(this.#leaves.rules);
  }
}

class WholeMasked implements MaskedValue {
  readonly kind = 'masked';
  readonly #whole: WholeValue;

  constructor(whole: WholeValue) {
    this.#whole = whole;
  }

  get size(): number {
    return this.#whole.value.length;
  }

  get counts(): readonly MaskCount[] {
    return this.#whole.counts;
  }

  copyTo(target: Uint8Array, at: number): void {
    target.set(this.#whole.value, at);
  }

  count(tally: MaskTally): void {
    tally.add(this.#whole.counts);
  }
}

const unchanged = { kind: 'unchanged' } as const;
const noBytes = new Uint8Array(0);
const zero = Buffer.from('0');
const no = Buffer.from('false');

/** Decides each scalar, and collects what is to be replaced. */
class Leaves implements LeafVisitor, MaskedValue {
  readonly kind = 'masked';
  readonly field: FieldName = { start: 0, end: 0 };
  readonly names: boolean;
  readonly rules: readonly CompiledRule[];
  readonly #redacted: readonly Uint8Array[];
  readonly #keys: MaskKeys | undefined;
  readonly #inNames: DetectorRules | undefined;
  readonly #splice = new Splice();
  readonly #spans: Span[] = [];
  /** Per rule and action. */
  readonly #counts: Uint32Array;
  #value: Uint8Array = noBytes;
  readonly #namedSsn = (): boolean => {
    const { start, end } = this.field;
    const name = decodeText(this.#value, start, end);
    return namesSsn(Buffer.from(name.bytes.subarray(0, name.length)).toString());
  };

  constructor({ rules, keys, inNames }: MaskerParts) {
    this.#inNames = inNames;
    this.names = inNames !== undefined;
    this.rules = rules;
    this.#redacted = rules.map((rule) => Buffer.from(redacted(rule)));
    this.#keys = keys;
    this.#counts = maskSlots(rules);
  }

  begin(value: Uint8Array): void {
    this.#value = value;
    this.#splice.begin(value);
    this.#counts.fill(0);
  }

  result(): MaskResult {
    return this.#splice.empty ? unchanged : this;
  }

  get size(): number {
    return this.#splice.size;
  }

  get counts(): readonly MaskCount[] {
    return countsOf(this.#counts, this.rules);
  }

  copyTo(target: Uint8Array, at: number): void {
    this.#splice.copyTo(target, at);
  }

  count(tally: MaskTally): void {
    tally.addSlots(this.#counts);
  }

  /** A map can have card numbers for keys. */
  name(start: number, end: number, escaped: boolean): void {
    if (this.#inNames) this.#detected(start, end, escaped, this.#inNames, never);
  }

  string(start: number, end: number, escaped: boolean, node: PathNode): void {
    const { rule, detectors } = node;
    if (rule === undefined) {
      if (detectors !== undefined) this.#detected(start, end, escaped, detectors, this.#namedSsn);
      return;
    }
    const found = detectors && this.#strongest(start, end, escaped, detectors);
    this.#text(found ?? rule, start, end, escaped);
  }

  number(start: number, end: number, node: PathNode): void {
    let { rule } = node;
    // A number cannot hold a hash or a part of itself: whatever the action, it becomes 0. So its own rule decides.
    if (rule === undefined && node.detectors && end - start >= 9) {
      rule = findInNumber(this.#value, start, end, node.detectors, this.#namedSsn, this.#spans);
    }
    if (rule) this.#replace(start, end, zero, rule, 'redact');
  }

  boolean(start: number, end: number, node: PathNode): void {
    if (node.rule) this.#replace(start, end, no, node.rule, 'redact');
  }

  /** Replaces the parts that detectors find; the rest of the text stays as it was written. */
  #detected(start: number, end: number, escaped: boolean, detectors: DetectorRules, inSsn: () => boolean): void {
    if (end - start < shortestFind) return;
    if (!escaped) {
      if (!mayHold(this.#value, start, end)) return;
      findSpans(this.#value, start, end, detectors, inSsn, this.#spans);
      for (const span of this.#spans) this.#text(span.rule, span.start, span.end, false);
      return;
    }
    const text = decodeText(this.#value, start, end);
    const { bytes, from, length } = text;
    let named: boolean | undefined;
    // The field's name is decoded into the same scratch: only when it is asked for, and then the text once more.
    const namedSsn = (): boolean => {
      if (named === undefined) {
        named = inSsn();
        decodeText(this.#value, start, end);
      }
      return named;
    };
    findSpans(bytes, 0, length, detectors, namedSsn, this.#spans);
    for (const span of this.#spans) {
      const masked = maskText(span.rule, bytes.subarray(span.start, span.end), this.#keys);
      const [at, to] = [from[span.start] as number, from[span.end] as number];
      this.#replace(at, to, masked.bytes, span.rule, masked.action);
    }
  }

  /** A detector's rule that asks for more than the path's, when it finds something anywhere in the text. */
  #strongest(start: number, end: number, escaped: boolean, detectors: DetectorRules): CompiledRule | undefined {
    let bytes = this.#value;
    let [at, to] = [start, end];
    if (escaped) {
      const text = decodeText(this.#value, start, end);
      bytes = text.bytes.slice(0, text.length);
      [at, to] = [0, text.length];
    }
    findSpans(bytes, at, to, detectors, this.#namedSsn, this.#spans);
    let strongest: CompiledRule | undefined;
    for (const { rule } of this.#spans) {
      if (!strongest || strengthOf(rule) > strengthOf(strongest)) strongest = rule;
    }
    return strongest;
  }

  #text(rule: CompiledRule, start: number, end: number, escaped: boolean): void {
    if (rule.action === 'redact') {
      this.#replace(start, end, this.#redacted[rule.index] as Uint8Array, rule, 'redact');
      return;
    }
    let value = this.#value.subarray(start, end);
    if (escaped) {
      const text = decodeText(this.#value, start, end);
      value = text.bytes.subarray(0, text.length);
    }
    const masked = maskText(rule, value, this.#keys);
    this.#replace(start, end, masked.bytes, rule, masked.action);
  }

  #replace(start: number, end: number, by: Uint8Array, rule: CompiledRule, action: MaskAction): void {
    this.#splice.replace(start, end, by);
    const slot = slotOf(rule, action);
    this.#counts[slot] = (this.#counts[slot] as number) + 1;
  }
}

const never = (): boolean => false;

/** `a@b.cc`. */
const shortestFind = 6;
