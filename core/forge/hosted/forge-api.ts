/**
 * What Sluice asks of a hosted forge, as plain data. Accounts and repos are numeric ids: a name can be taken over, an
 * id cannot. An adapter translates and judges nothing; what counts is decided in `collect-evidence.ts` and
 * core/admission.
 *
 * Every call throws a SourceError: `ForgeDenied` (the token or a permission, which is named), `ForgeLimited` (a rate
 * limit that did not pass in time), `RequestTooLarge` (more than is read of one), `ForgeFailed` (no answer, an answer of another shape, half a page, HTML). A list
 * comes whole or not at all.
 */
export interface ForgeApi {
  readonly kind: 'github' | 'gitea';
  /** Host, with its port unless it is 443, as in `accounts[].forge` of an Identity: `github.com`. */
  readonly host: string;
  /** The repo that the adapter was made for, as the forge knows it now. */
  repo(): Promise<ForgeRepo>;
  /** Whoever the token belongs to; undefined for an app's installation. */
  account(): Promise<Account | undefined>;
  /**
   * The merged pull request whose merge commit is exactly `commit`, with all that was said about it; undefined when
   * there is none. Whether it was merged into the right repo and branch is not asked here.
   */
  mergedAs(commit: string): Promise<MergedPull | undefined>;
  /** Open pull requests into `branch`. */
  openPulls(branch: string): Promise<readonly Pull[]>;
  /** A pull request by its number; undefined when there is none. */
  pull(number: number): Promise<Pull | undefined>;
  /** Everything said about a pull request, oldest first. */
  reviews(number: number): Promise<readonly Review[]>;
  open(request: {
    readonly title: string;
    readonly body: string;
    /** Branch of the same repo that is there already. */
    readonly head: string;
    readonly base: string;
  }): Promise<Pull>;
  /** Says something as the token's account about exactly `commit`; refused when that is not the head any more. */
  review(number: number, said: { commit: string; verdict: 'approve' | 'reject'; body: string }): Promise<void>;
  /** Merges by a merge commit, if `head` is still the head. Returns the merge commit. */
  merge(number: number, options: { readonly head: string; readonly title: string }): Promise<string>;
  /** Closes without merging. */
  close(number: number): Promise<void>;
  /** ms by which the forge's clock is ahead of this machine's, by the Date of its last answer (resolution: 1 s); undefined before the first. */
  readonly skew: number | undefined;
}

export interface ForgeRepo {
  readonly id: number;
  /** `owner/name`, which can change. */
  readonly fullName: string;
  readonly defaultBranch: string;
}

export interface Account {
  readonly id: number;
  /** For people to read; never compared. */
  readonly login: string;
  /** A bot, an app, an organisation: nobody. */
  readonly bot: boolean;
}

export interface Pull {
  readonly number: number;
  readonly title: string;
  /** Page of it, for people. */
  readonly url: string;
  readonly state: 'open' | 'merged' | 'closed';
  /** undefined when the account is deleted. */
  readonly author: Account | undefined;
  /** `repoId` is undefined when the fork is gone. */
  readonly head: { readonly commit: string; readonly branch: string; readonly repoId: number | undefined };
  readonly base: { readonly branch: string; readonly repoId: number };
  /** There when it is merged: epoch ms by the forge's clock, who did it, and the commit that it became on the branch. */
  readonly merged: Merged | undefined;
}

export interface Merged {
  readonly at: number;
  readonly by: Account | undefined;
  readonly commit: string;
  /** Where its commits left the branch, as the forge says; undefined where it does not. */
  readonly from: string | undefined;
}

export interface MergedPull {
  readonly pull: Pull;
  /** Oldest first. */
  readonly reviews: readonly Review[];
  /**
   * Accounts that the forge connects with the commits of the request: authors, committers, co-authors, and, where it
   * tells, who pushed them. They can only be excluded.
   */
  readonly contributors: readonly Account[];
  /** Epoch ms at which it was last pointed to another branch: what was said before was about that one. */
  readonly retargetedAt: number | undefined;
}

export interface Review {
  readonly id: number;
  /** undefined when the account is deleted: then it is nobody's. */
  readonly author: Account | undefined;
  /** What it says; a pending review is not there. */
  readonly verdict: 'approve' | 'reject' | 'comment';
  /** Taken back, whatever it still reads. */
  readonly dismissed: boolean;
  /** The forge counts it: of somebody whose approval the branch's rules would take. True where a forge does not say. */
  readonly official: boolean;
  /** The forge saw a push after it. The commit decides; this can only take away. */
  readonly stale: boolean;
  /** Commit that was looked at; empty where the forge does not know. */
  readonly commit: string;
  /** Epoch ms. */
  readonly at: number;
}
