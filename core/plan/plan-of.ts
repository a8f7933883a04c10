import type { Grant, PolicySet } from '../model/documents.ts';
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
  return planBetween(base, head, undefined);
}

/**
 * What one Grant gives its subject beyond what they have without it, by the rules and by other grants. Everything in
 * it, its hours of access too, is about the subject alone, so that it costs next to nothing.
 */
export function planOfGrant(rules: PolicySet, grant: Grant): Plan {
  const others = [...rules.grants].filter(([, { subject, uid }]) => subject === grant.subject && uid !== grant.uid);
  const base = { ...rules, grants: new Map(others) };
  return planBetween(base, { ...base, grants: new Map([...others, [grant.name, grant]]) }, grant.subject);
}

function planBetween(base: PolicySet, head: PolicySet, about: string | undefined): Plan {
  const sides = sidesOf(base, head, about);
  const changes = documentChanges(base, head);
  const widens = gains(sides.base, sides.head, changes, true);
  const narrows = gains(sides.head, sides.base, changes, false);
  return {
    widens,
    narrows,
    hours: { before: accessHours(sides.base), after: accessHours(sides.head) },
    ...(base.grants.size + head.grants.size > 0 ? judgeLimits(base, head) : limitsOf(base, head, widens)),
  };
}

/** What safety limits say of a change, and the digest that acknowledges it. */
export type JudgedLimits = Pick<Plan, 'principals' | 'limits' | 'digest'>;

/**
 * The limits alone, by the rules alone: grants are left out of both sides, since each is signed for on its own and they
 * come and go while a change of the rules waits for its owners. So the CLI and every gateway come to the same digest.
 */
export function judgeLimits(base: PolicySet, head: PolicySet): JudgedLimits {
  const [before, after] = [rulesOf(base), rulesOf(head)];
  const sides = sidesOf(before, after);
  return limitsOf(before, after, gains(sides.base, sides.head, documentChanges(before, after), true));
}

function limitsOf(base: PolicySet, head: PolicySet, widens: readonly PlanChange[]): JudgedLimits {
  return {
    principals: { widened: widenedPrincipals(widens).size, all: head.identities.size },
    limits: trippedLimits(base, head, widens),
    digest: digestOf(base.repo, widens),
  };
}

function rulesOf(set: PolicySet): PolicySet {
  return { ...set, grants: new Map(), breakGlass: new Map() };
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
