/** Limits that say more than what they stand below: the terms of an emergency, the people that a count needs. */
import { formatIsoDuration } from '../clock/duration.ts';
import type { AccessPolicy, ApproverRule, PolicySet, Repo } from '../model/documents.ts';
import type { Placed } from './check-references.ts';
import type { Findings } from './findings.ts';

/** Without anybody's approval nobody gets access for longer than with it. */
export function checkBreakGlassTerms({ document: policy, yaml }: Placed<AccessPolicy>, findings: Findings): void {
  const { breakGlass, limits } = policy;
  if (policy.mode !== 'onRequest' || policy.effect !== 'allow') return; // it has no such terms
  if (!breakGlass || limits.maxDuration === undefined || breakGlass.maxDuration <= limits.maxDuration) return;
  const most = formatIsoDuration(limits.maxDuration);
  const message = `${formatIsoDuration(breakGlass.maxDuration)} without approval is longer than limits.maxDuration, ${most}, with it`;
  const path = ['spec', 'breakGlass', 'maxDuration'];
  findings.at(yaml, path, 'policy/break-glass-duration', message, `write ${most} at most, or raise limits.maxDuration`);
}

/** A quorum above the number of people locks the rules for good: worth a warning, since owners are named outside the repo. */
export function checkQuorum(
  { document: repo, yaml }: Placed<Repo>,
  identities: PolicySet['identities'],
  findings: Findings,
): void {
  const people = [...identities.values()].filter((identity) => identity.person).length;
  if (repo.quorum <= Math.max(1, people)) return;
  const message = `${repo.quorum} owners have to sign, and the repo knows ${peopleText(people)}: no change of the rules can be signed`;
  findings.warn(yaml, ['spec', 'quorum'], 'policy/unmeetable', message, 'lower it, or add the Identities first');
}

/** A rule that nobody can meet locks its policies: worth a warning. Only people approve. */
export function checkApproverRule(
  { document: rule, yaml }: Placed<ApproverRule>,
  { groups, identities }: Pick<PolicySet, 'groups' | 'identities'>,
  findings: Findings,
): void {
  for (const [i, { from, count }] of rule.require.clauses.entries()) {
    const group = groups.get(from);
    if (!group || group.fromClaim) continue;
    const people = group.members.filter((name) => !identities.get(name)?.workload).length;
    if (people >= count) continue;
    const path = ['spec', 'require', rule.require.match, i, 'count'];
    const message = `group '${from}' has ${peopleText(people)}, so ${count} of them can never approve`;
    findings.warn(yaml, path, 'policy/unmeetable', message, 'add people or lower the count');
  }
}

function peopleText(count: number): string {
  return count === 1 ? '1 person' : `${count === 0 ? 'no' : count} people`;
}
