import type { MaskAction } from '../model/documents.ts';
import type { MaskCount } from '../model/mask-count.ts';
import type { CompiledRule } from './mask-rule.ts';

const actions: readonly MaskAction[] = ['redact', 'hash', 'partial'];

/** How often each rule did what, over many values. */
export class MaskTally {
  readonly #rules: readonly CompiledRule[];
  readonly #slots: Uint32Array;
  readonly #others: { rule: string; action: MaskAction; count: number }[] = [];

  constructor(rules: readonly CompiledRule[]) {
    this.#rules = rules;
    this.#slots = maskSlots(rules);
  }

  /** One number for each rule and action. */
  addSlots(slots: Uint32Array): void {
    for (let i = 0; i < slots.length; i++) this.#slots[i] = (this.#slots[i] as number) + (slots[i] as number);
  }

  add(counts: readonly MaskCount[]): void {
    for (const { rule, action, count } of counts) {
      const known = this.#others.find((one) => one.rule === rule && one.action === action);
      if (known) known.count += count;
      else this.#others.push({ rule, action, count });
    }
  }

  get counts(): readonly MaskCount[] {
    return [...countsOf(this.#slots, this.#rules), ...this.#others];
  }
}

/** What slots say. */
export function countsOf(slots: Uint32Array, rules: readonly CompiledRule[]): MaskCount[] {
  const counts: MaskCount[] = [];
  for (let i = 0; i < slots.length; i++) {
    const count = slots[i] as number;
    if (count === 0) continue;
    const rule = rules[Math.floor(i / actions.length)] as CompiledRule;
    counts.push({ rule: rule.id, action: actions[i % actions.length] as MaskAction, count });
  }
  return counts;
}

/** One number for each rule and action, all 0. */
export function maskSlots(rules: readonly CompiledRule[]): Uint32Array {
  return new Uint32Array(rules.length * actions.length);
}

/** Where a rule's action is counted. */
export function slotOf({ index }: CompiledRule, action: MaskAction): number {
  return index * actions.length + actions.indexOf(action);
}
