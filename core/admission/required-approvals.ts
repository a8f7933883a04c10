import type { Grant, PolicySet } from '../model/documents.ts';
import type { Approval, GrantVerdict, Refusal } from '../model/verdict.ts';
import { requiredRules } from './approval-digest.ts';
import { meets, memberOf, screenApprovals, type Wanted } from './count-approvals.ts';
import type { StepEvidence } from './evidence.ts';
import { exclusions } from './exclusions.ts';

/** Whether a request has the approvals that a grant of its content needs, and what was seen on the way. */
export interface CountedApprovals {
  /** What is in the way; undefined when nothing is. */
  readonly missing: { readonly refusal: Refusal; readonly message: string } | undefined;
  readonly approvals: readonly Approval[];
  readonly discounted: GrantVerdict['discounted'];
}

/** Counts the approvals of `wanted` against every ApproverRule that the grant needs: its policy's, and each stream's own. */
export function requiredApprovals(
  rules: PolicySet,
  grant: Grant,
  evidence: StepEvidence,
  wanted: Wanted,
  since?: number,
): CountedApprovals {
  const names = requiredRules(rules, grant);
  if (names.length === 0) {
    const message = `policy '${grant.policy}' names no approver rule`;
    return { missing: { refusal: 'NotEnoughApprovals', message }, approvals: [], discounted: [] };
  }
  const required = names.map((name) => rules.approverRules.get(name));
  const longest = Math.min(...required.map((rule) => rule?.maxAge ?? 0));
  const excluded = exclusions(rules, evidence, { subject: grant.subject, requestedBy: grant.requestedBy });
  const { valid, discounted } = screenApprovals(evidence, wanted, excluded, longest, (seen) => seen.by, since);
  const counting = valid.filter(({ statement }) => statement.verdict === 'approve');
  const approvals = counting.map(({ name, statement }) => ({
    by: name,
    signedAt: statement.signedAt,
    digest: statement.digest,
  }));
  const seen = { approvals, discounted: discounted.map(({ by, why }) => ({ by, why })) };
  const approvers = new Set(required.flatMap((rule) => rule?.require.clauses.map((clause) => clause.from) ?? []));
  const veto = valid.find(
    ({ name, statement }) =>
      statement.verdict === 'reject' && [...approvers].some((group) => memberOf(rules, group, name)),
  );
  if (veto) return { missing: { refusal: 'Vetoed', message: `${veto.name} rejected it` }, ...seen };
  const unmet = required.findIndex((rule) => !rule || !meets(rule, rules, counting));
  if (unmet < 0) return { missing: undefined, ...seen };
  const notes = discounted.map(({ by, why }) => `${by}: ${why}`).join('; ');
  const message = `approver rule '${names[unmet]}' is not met${notes ? ` (not counted: ${notes})` : ''}`;
  const refusal = discounted.length > 0 && approvals.length === 0 ? discounted.at(-1)!.as : 'NotEnoughApprovals';
  return { missing: { refusal, message }, ...seen };
}
