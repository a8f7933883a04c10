import type { AccessPolicy, Grant, PolicySet } from '../model/documents.ts';
import { fits, type Misfit } from '../policy/fits.ts';
import { requiredRules } from './approval-digest.ts';
import { exclusions } from './exclusions.ts';

export interface Askable {
  readonly policy: AccessPolicy;
  readonly misfits: readonly Misfit[];
}

/** Policies under which a grant could be asked for, best first: those it fits, then the others by how little is in the way. */
export function askable(rules: PolicySet, draft: Omit<Grant, 'policy'>): readonly Askable[] {
  return [...rules.policies.values()]
    .filter((policy) => policy.effect === 'allow' && policy.mode === 'onRequest')
    .map((policy) => ({ policy, misfits: fits(rules, { ...draft, policy: policy.name }) }))
    .sort((a, b) => a.misfits.length - b.misfits.length || (a.policy.name < b.policy.name ? -1 : 1));
}

/** Who may approve a grant: for each required rule, its clauses with the people who count (the parties and their other Identities are left out). */
export function approversFor(
  rules: PolicySet,
  grant: Grant,
): readonly {
  readonly rule: string;
  readonly match: 'all' | 'any';
  readonly clauses: readonly { readonly from: string; readonly count: number; readonly people: readonly string[] }[];
}[] {
  const parties = exclusions(rules, { requestSigners: [], contributors: [], claimedEmails: [] }, grant);
  return requiredRules(rules, grant).flatMap((name) => {
    const rule = rules.approverRules.get(name);
    if (!rule) return [];
    const clauses = rule.require.clauses.map(({ from, count }) => ({
      from,
      count,
      people: (rules.groups.get(from)?.members ?? []).filter(
        (member) => !parties.has(member) && rules.identities.get(member)?.person,
      ),
    }));
    return [{ rule: name, match: rule.require.match, clauses }];
  });
}
