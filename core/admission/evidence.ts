import type { PolicySet } from '../model/documents.ts';

/**
 * What a forge, or plain git, proves about one step of the branch. Collected by core/forge, judged here: everything in
 * it was checked by signature or read from the forge's own records; nothing is a claim of the commit's author.
 */
export interface StepEvidence {
  readonly commit: string;
  /** First parent: the step is the tree difference from it. */
  readonly parent: string;
  /** Why the step is no merge of a request at all; undefined when it is one. */
  readonly flaw:
    | { readonly refusal: 'DirectPush' | 'NotAMerge' | 'UnsignedRequest' | 'UnsignedMerge'; readonly message: string }
    | undefined;
  /** Identities that made the request: plain git: they signed its commits; a hosted forge: they opened it. */
  readonly requestSigners: readonly string[];
  /** Other Identities that the forge connects with its commits; they can only be excluded. */
  readonly contributors: readonly string[];
  /** E-mail addresses of authors, committers and co-authors: claims, which can only exclude. */
  readonly claimedEmails: readonly string[];
  /** Epoch ms of the merge, by a signature or the forge's clock. */
  readonly mergedAt: number;
  readonly mergedBy: string;
  readonly approvals: readonly SeenApproval[];
}

/** A signed approval statement, or a review on a forge put as one; whoever it is of. */
export interface SeenApproval {
  /** Identity of the key's or account's holder at the step's parent; undefined when it is nobody's. */
  readonly by: string | undefined;
  /** Name of the trust root's owner whose key or account it is. */
  readonly owner: string | undefined;
  /** Why the forge itself does not count it any more; undefined when it does. */
  readonly withdrawn: string | undefined;
  readonly statement: ApprovalStatement;
  /** The rules at the statement's base commit, when that lies on the branch before the step. */
  readonly base: PolicySet | undefined;
}

/** What an approver signs. `digest` stands for the content; the rest keeps it from being used elsewhere or for ever. */
export interface ApprovalStatement {
  readonly version: 1;
  readonly repoId: string;
  readonly branch: string;
  readonly kind: 'grant' | 'policy';
  /** uid of the grant; empty for a policy change. */
  readonly uid: string;
  readonly digest: string;
  /** Digests of the parts of the content, so that a refusal can name what changed. */
  readonly parts: Readonly<Record<string, string>>;
  readonly verdict: 'approve' | 'reject';
  readonly baseCommit: string;
  /** Epoch ms. */
  readonly signedAt: number;
  readonly expiresAt: number;
}

/** What the merger signs: its time is the start of the window. */
export interface MergeStatement {
  readonly version: 1;
  readonly repoId: string;
  readonly branch: string;
  /** First and second parent of the merge commit. */
  readonly base: string;
  readonly head: string;
  readonly mergedAt: number;
}
