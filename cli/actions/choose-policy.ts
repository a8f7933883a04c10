import { AccessError, InputError } from '../../core/errors/sluice-error.ts';
import type { Misfit } from '../../core/policy/fits.ts';

/** A policy that could be meant, and what is in the way of it. */
export interface PolicyCandidate {
  readonly name: string;
  readonly misfits: readonly Misfit[];
}

/** How a refusal is worded. */
export interface ChoiceWords {
  /** What several policies do: `offers this`. */
  readonly offers: string;
  /** What no policy lets somebody do: `alice ask for this`. */
  readonly wish: string;
  /** When there is no candidate at all. */
  readonly none: { readonly why: string; readonly fix: string };
}

/** The one policy that offers it; says what is in the way when there is none, and asks when there are more. */
export function choosePolicy(candidates: readonly PolicyCandidate[], { offers, wish, none }: ChoiceWords): string {
  const fitting = candidates.filter(({ misfits }) => misfits.length === 0).map(({ name }) => name);
  const [first, second] = fitting;
  if (first !== undefined && second === undefined) return first;
  if (first !== undefined) {
    throw new InputError('BadUsage', `more than one policy ${offers}`, {
      fix: `add --policy with one of ${fitting.join(', ')}`,
    });
  }
  const [nearest] = [...candidates].sort((a, b) => a.misfits.length - b.misfits.length);
  throw new AccessError('NotEligible', `no policy lets ${wish}`, {
    why: nearest
      ? `the nearest is '${nearest.name}': ${nearest.misfits.map(({ message }) => message).join('; ')}`
      : none.why,
    fix: nearest?.misfits.map(({ fix }) => fix).join('; ') ?? none.fix,
  });
}
