import type { PolicySet } from '../model/documents.ts';
import type { ApprovalStatement, SeenApproval, StepEvidence } from './evidence.ts';

/**
 * Evidence as it is kept beside an admitted grant and handed to peers: plain JSON, rules named by their commit. What a
 * forge shows can change afterwards; this is what it showed when the grant was judged.
 */
export interface KeptEvidence extends Omit<StepEvidence, 'flaw' | 'approvals'> {
  readonly approvals: readonly {
    readonly by?: string;
    readonly owner?: string;
    readonly withdrawn?: string;
    readonly statement: ApprovalStatement;
  }[];
}

/** Evidence without a flaw, to be kept. */
export function keptEvidence({ flaw: _none, approvals, ...same }: StepEvidence): KeptEvidence {
  return {
    ...same,
    approvals: approvals.map(({ by, owner, withdrawn, statement }) => ({
      ...(by === undefined ? {} : { by }),
      ...(owner === undefined ? {} : { owner }),
      ...(withdrawn === undefined ? {} : { withdrawn }),
      statement,
    })),
  };
}

/** Kept evidence with the rules that each approver saw. `rulesAt` gives none for a commit that is not on the branch. */
export async function revivedEvidence(
  { approvals, ...same }: KeptEvidence,
  rulesAt: (commit: string) => Promise<PolicySet | undefined>,
): Promise<StepEvidence> {
  const revived = approvals.map(
    async ({ by, owner, withdrawn, statement }): Promise<SeenApproval> => ({
      by,
      owner,
      withdrawn,
      statement,
      base: await rulesAt(statement.baseCommit),
    }),
  );
  return { ...same, flaw: undefined, approvals: await Promise.all(revived) };
}

/**
 * What a peer saw of a step, held against what is seen here. What is only here still excludes and rejects; what the
 * peer saw before it was taken back counts as the peer saw it. undefined: both see a merge of a request, and not the
 * same one.
 */
export function withOwnEvidence(peer: StepEvidence, own: StepEvidence): StepEvidence | undefined {
  const sameMerge = own.mergedAt === peer.mergedAt && same(own.requestSigners, peer.requestSigners);
  if (!own.flaw && !sameMerge) return undefined;
  const known = new Set(peer.approvals.map(wordOf));
  return {
    ...peer,
    contributors: union(peer.contributors, own.contributors),
    claimedEmails: union(peer.claimedEmails, own.claimedEmails),
    approvals: [...peer.approvals, ...own.approvals.filter((seen) => !known.has(wordOf(seen)))],
  };
}

function wordOf({ by, owner, statement: { kind, uid, digest, verdict, signedAt } }: SeenApproval): string {
  return JSON.stringify([by ?? null, owner ?? null, kind, uid, digest, verdict, signedAt]);
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort();
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify(a.toSorted()) === JSON.stringify(b.toSorted());
}
