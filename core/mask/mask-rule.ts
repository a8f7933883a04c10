import type { Detector, MaskAction } from '../model/documents.ts';

/** A rule of a MaskPolicy, ready to be applied. */
export interface CompiledRule {
  /** `maskPolicy/rule`. */
  readonly id: string;
  /** Number of the rule in its Masker. */
  readonly index: number;
  readonly policy: string;
  /** What stands after `REDACTED:`: the detector's name, or the rule's. */
  readonly type: string;
  readonly action: MaskAction;
}

/** At most one rule per detector: the strongest. */
export type DetectorRules = { readonly [D in Detector]?: CompiledRule | undefined };

const strengths: Readonly<Record<MaskAction, number>> = { redact: 3, hash: 2, partial: 1 };

/** The larger the number, the less is left to see. */
export function strengthOf(rule: CompiledRule): number {
  return strengths[rule.action];
}

/** The stronger of two rules; of equal ones the first. */
export function stronger<A extends CompiledRule | undefined>(a: A, b: CompiledRule): CompiledRule {
  return a === undefined || strengthOf(b) > strengthOf(a) ? b : a;
}
