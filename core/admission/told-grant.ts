import type { Grant, PolicySet } from '../model/documents.ts';
import type { Plan } from '../plan/plan.ts';
import { planOfGrant } from '../plan/plan-of.ts';
import { grantDigest, type RepoIdentity } from './approval-digest.ts';
import { approversFor } from './ask.ts';

/** A Grant with everything that people have to be told of it. */
export interface ToldGrant {
  readonly grant: Grant;
  readonly rules: PolicySet;
  readonly approvers: ReturnType<typeof approversFor>;
  /** What it gives its subject that they do not have without it. */
  readonly plan: Plan;
  /** What an approval of it approves; undefined where it is not known which repo this is. */
  readonly digest: string | undefined;
}

/** Everything is worked out from the rules and the document; nothing is taken from what anybody says of it. */
export function tellGrant(rules: PolicySet, grant: Grant, repo: RepoIdentity | undefined): ToldGrant {
  return {
    grant,
    rules,
    approvers: approversFor(rules, grant),
    plan: planOfGrant(rules, grant),
    digest: repo && grantDigest(rules, grant, repo).digest,
  };
}
