import type { PolicySet } from '../model/documents.ts';
import { accessHours } from './access-hours.ts';
import { compareIdentities } from './compare-identities.ts';
import { compareNames } from './compare-names.ts';
import { compareRepo } from './compare-repo.ts';
import { compareTopics } from './compare-topics.ts';
import { digestOf } from './digest.ts';
import { type DocumentChanges, documentChanges } from './document-changes.ts';
import { trippedLimits, widenedPrincipals } from './limits.ts';
import { mergeChanges } from './merge-changes.ts';
import type { Plan, PlanChange } from './plan.ts';
import { type Side, sidesOf } from './side.ts';

/**
 * What a change from `base` to `head` widens and narrows: over every Identity (with every claim that counts), every
 * stream, every operation, every hour of the week and every mask. Pure, and without a clock: the same for everybody.
 */
export function planOf(base: PolicySet, head: PolicySet): Plan {
  const sides = sidesOf(base, head);
  const changes = documentChanges(base, head);
  const widens = gains(sides.base, sides.head, changes, true);
  const narrows = gains(sides.head, sides.base, changes, false);
  return {
    widens,
    narrows,
    hours: { before: accessHours(sides.base), after: accessHours(sides.head) },
    principals: { widened: widenedPrincipals(widens).size, all: head.identities.size },
    limits: trippedLimits(base, head, widens),
    digest: digestOf(base.repo, widens),
  };
}

function gains(poorer: Side, richer: Side, changes: DocumentChanges, toHead: boolean): PlanChange[] {
  if (changes.size === 0) return [];
  const comparison = { poorer, richer, changes };
  const raw = [...compareTopics(comparison), ...compareNames(comparison)];
  const settings = [...compareRepo(poorer, richer, changes), ...compareIdentities(poorer, richer, changes)];
  return [
    ...settings.map((one) => (toHead ? one : { ...one, before: one.after, after: one.before })),
    ...mergeChanges(raw, changes, toHead),
  ];
}
