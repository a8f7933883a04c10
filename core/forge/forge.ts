import type { ApprovalStatement } from '../admission/evidence.ts';
import type { Approval } from '../model/verdict.ts';

/** A request as a forge shows it: proposed changes, on their own branch, waiting to be merged. */
export interface AccessRequest {
  /** What people call it: the grant's name, or the branch's. */
  readonly name: string;
  /** Tip of the request's branch. */
  readonly head: string;
  /** The commit of the followed branch that it is based on. */
  readonly base: string;
  readonly approvals: readonly (Approval & { readonly verdict: ApprovalStatement['verdict'] })[];
  /** Page of it on the forge; undefined on plain git. */
  readonly url: string | undefined;
}

/**
 * What Sluice asks of a forge, for the people's side: open, find, approve, merge. The gateway's side, evidence about
 * merged steps, is collected by each forge's own module and judged by core/admission. Never trust "the forge merged
 * it".
 */
export interface Forge {
  readonly kind: 'plain' | 'github' | 'gitea';
  /** Opens a request that adds, replaces (text) or removes (undefined) files. Returns it. */
  open(request: {
    readonly name: string;
    readonly title: string;
    /** For people, in Markdown. Nothing reads it back. */
    readonly body: string;
    readonly files: Readonly<Record<string, string | undefined>>;
  }): Promise<AccessRequest>;
  list(): Promise<readonly AccessRequest[]>;
  find(name: string): Promise<AccessRequest | undefined>;
  /** Says what somebody decided about exactly the head that they saw. The newest word of a person counts. */
  say(request: AccessRequest, statement: ApprovalStatement): Promise<void>;
  /** Puts on the branch what only takes away; needs nobody's approval. Returns the commit. */
  narrow(title: string, files: Readonly<Record<string, string | undefined>>): Promise<string>;
  /** Merges a request; returns the merge commit. */
  merge(request: AccessRequest): Promise<string>;
}
