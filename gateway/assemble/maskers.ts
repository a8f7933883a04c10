import { compileMasks } from '../../core/mask/compile-masks.ts';
import { maskKeys } from '../../core/mask/mask-keys.ts';
import type { Masker } from '../../core/mask/masker.ts';
import type { Allow } from '../../core/model/decision.ts';
import { maskKey } from '../config/key-files.ts';
import type { Maskers } from '../kafka/enforce/context.ts';

/** Compiles a decision's masks once: decisions are cached, so the masks of one are found again by its identity. */
export async function maskersFor(keyFile: string | undefined): Promise<Maskers> {
  const keys = keyFile === undefined ? undefined : maskKeys('k1', await maskKey(keyFile));
  const compiled = { consume: new WeakMap<Allow, Masker | 'none'>(), produce: new WeakMap<Allow, Masker | 'none'>() };
  return (allow, on) => {
    if (allow.masks.length === 0) return undefined;
    let masker = compiled[on].get(allow);
    if (masker === undefined) {
      masker = compileMasks(allow.masks, on, keys) ?? 'none';
      compiled[on].set(allow, masker);
    }
    return masker === 'none' ? undefined : masker;
  };
}
