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

/** Evidence without a flaw, to be kept for one grant: of what was said, that which is about it. */
export function keptEvidence({ flaw: _none, approvals, ...same }: StepEvidence, uid: string): KeptEvidence {
  const about = approvals.filter(({ statement }) => statement.kind === 'grant' && statement.uid === uid);
  return {
    ...same,
    approvals: about.map(({ by, owner, withdrawn, statement }) => ({
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
 * What a peer saw of a step, beside what is seen here: the same merge, by the same people at the same time; undefined
 * when it is another one, or none. What was said and is gone here counts as the peer saw it. Whoever rejects it here has
 * the last word, and whoever has to do with it here is excluded.
 */
export function withOwnEvidence(peer: StepEvidence, own: StepEvidence): StepEvidence | undefined {
  if (own.flaw || own.mergedAt !== peer.mergedAt || !same(own.requestSigners, peer.requestSigners)) return undefined;
  const against = new Set(
    own.approvals.filter(({ withdrawn, statement }) => !withdrawn && statement.verdict === 'reject').map(personOf),
  );
  const theirs = peer.approvals.filter((seen) => !against.has(personOf(seen)));
  const known = new Set(theirs.map(wordOf));
  return {
    ...own,
    contributors: union(peer.contributors, own.contributors),
    claimedEmails: union(peer.claimedEmails, own.claimedEmails),
    approvals: [...theirs, ...own.approvals.filter((seen) => !known.has(wordOf(seen)))],
  };
}

function personOf({ by, owner }: SeenApproval): string {
  return JSON.stringify([by ?? null, owner ?? null]);
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
