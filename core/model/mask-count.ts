import type { MaskAction } from './documents.ts';

/** How often one mask rule changed something: what the audit log says instead of the data. */
export interface MaskCount {
  /** `maskPolicy/rule`. */
  readonly rule: string;
  /** What was done, which can be stronger than the rule asks: a number under `hash` is redacted. */
  readonly action: MaskAction;
  readonly count: number;
}
