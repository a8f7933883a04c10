/** Who has to sign a grant, in a form that two revisions can be compared by. */
import { createHash } from 'node:crypto';
import { formatIsoDuration } from '../clock/duration.ts';
import type { AccessPolicy, PolicySet, Stream } from '../model/documents.ts';

interface Clause {
  readonly from: string;
  readonly count: number;
  /** People who are listed in the group, sorted. */
  readonly people: readonly string[];
}

interface Rule {
  readonly name: string;
  readonly match: 'all' | 'any';
  readonly clauses: readonly Clause[];
  readonly maxAge: number;
}

/** Every rule has to be met. */
export interface Requirement {
  readonly rules: readonly Rule[];
  /** Equal for requirements that the same people meet in the same way. */
  readonly key: string;
}

/** What a grant on one stream under a policy needs: the policy's rule, and the stream's own. */
export function requirementOf(set: PolicySet, policy: AccessPolicy, stream: Stream): Requirement {
  const names = [...new Set([policy.approval, stream.minimumApproval].filter((name) => name !== undefined))];
  const rules = names.flatMap((name): Rule[] => {
    const rule = set.approverRules.get(name);
    if (!rule) return [];
    const { match, clauses } = rule.require;
    return [
      {
        name,
        match,
        maxAge: rule.maxAge,
        clauses: clauses.map((clause) => ({ ...clause, people: peopleOf(set, clause.from) })),
      },
    ];
  });
  return requirement(rules);
}

/** Every rule of several requirements. */
export function together(requirements: readonly Requirement[]): Requirement {
  const [first, ...others] = requirements;
  if (first && others.every(({ key }) => key === first.key)) return first;
  return requirement(requirements.flatMap((one) => one.rules));
}

/** Names of every group that signs. */
export function approverGroups({ rules }: Requirement): string[] {
  return rules.flatMap((rule) => rule.clauses.map(({ from }) => from));
}

/**
 * True when whoever meets `strict` surely meets `loose` too: every rule of `loose` follows from one of `strict`, and
 * signatures do not live longer. When that cannot be told, false.
 */
export function atLeastAsStrict(strict: Requirement, loose: Requirement): boolean {
  if (strict.key === loose.key) return true;
  if (loose.rules.length === 0) return true;
  if (longestAge(strict) > longestAge(loose)) return false;
  return loose.rules.every((wanted) => strict.rules.some((rule) => implies(rule, wanted)));
}

/** `2 of leads (3 people) and 1 of platform (2 people), within PT24H`. */
export function formatRequirement(requirement: Requirement): string {
  const { rules } = requirement;
  if (rules.length === 0) return 'signed by nobody';
  const texts = rules.map(({ match, clauses }) => {
    const parts = clauses.map(
      ({ from, count, people }) =>
        `${count} of ${from} (${people.length} ${people.length === 1 ? 'person' : 'people'})`,
    );
    return parts.join(match === 'all' ? ' and ' : ' or ');
  });
  const unique = [...new Set(texts)];
  const joined = unique.length > 1 ? unique.map((text) => `[${text}]`).join(' and ') : unique[0];
  return `signed by ${joined} within ${formatIsoDuration(longestAge(requirement))}`;
}

/** A text of one length that is equal for equal parts. */
export function shortKey(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

function requirement(rules: readonly Rule[]): Requirement {
  return { rules, key: shortKey(rules.map(ruleKey).sort()) };
}

function peopleOf(set: PolicySet, group: string): string[] {
  const members = new Set(set.groups.get(group)?.members);
  return [...members].filter((member) => set.identities.get(member)?.person).sort();
}

/** Approvals count as long as the strictest rule says. */
function longestAge({ rules }: Requirement): number {
  return Math.min(...rules.map(({ maxAge }) => maxAge));
}

function ruleKey({ match, clauses, maxAge }: Rule): string {
  return JSON.stringify([match, maxAge, clauses.map(({ count, people }) => JSON.stringify([count, people])).sort()]);
}

function implies(rule: Rule, wanted: Rule): boolean {
  if (ruleKey({ ...rule, maxAge: 0 }) === ruleKey({ ...wanted, maxAge: 0 })) return true;
  const meetsAny = (clause: Clause): boolean => wanted.clauses.some((one) => clauseImplies(clause, one));
  if (wanted.match === 'any' || wanted.clauses.length === 1) {
    return rule.match === 'any' ? rule.clauses.every(meetsAny) : rule.clauses.some(meetsAny);
  }
  if (rule.match === 'any' && rule.clauses.length > 1) return rule.clauses.every(nobodyMeets);
  return rule.clauses.some(nobodyMeets) || assignable(wanted.clauses, rule.clauses);
}

/** Any `count` people of the one group include the other's count of the other group, or there are not as many. */
function clauseImplies(clause: Clause, wanted: Clause): boolean {
  const inside = new Set(wanted.people);
  const outside = clause.people.filter((name) => !inside.has(name)).length;
  return nobodyMeets(clause) || clause.count - outside >= wanted.count;
}

function nobodyMeets({ count, people }: Clause): boolean {
  return people.length < count;
}

/** Each wanted clause follows from a clause of its own: a person fills one clause only (augmenting paths of a matching). */
function assignable(wanted: readonly Clause[], clauses: readonly Clause[]): boolean {
  const takenBy = new Map<number, Clause>();
  const place = (one: Clause, tried: Set<number>): boolean =>
    clauses.some((clause, i) => {
      if (tried.has(i) || !clauseImplies(clause, one)) return false;
      tried.add(i);
      const other = takenBy.get(i);
      if (other !== undefined && !place(other, tried)) return false;
      takenBy.set(i, one);
      return true;
    });
  return wanted.every((one) => place(one, new Set()));
}
