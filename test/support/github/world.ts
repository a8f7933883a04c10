/** What the emulated GitHub knows: plain state, looked up by numeric ids. */
import type { BareRepo } from './bare-repo.ts';

export type AccountType = 'User' | 'Bot' | 'Organization' | 'Mannequin';
export type Permission = 'metadata' | 'pull_requests' | 'contents';
export type Permissions = Readonly<Partial<Record<Permission, 'read' | 'write'>>>;

export interface GhAccount {
  readonly id: number;
  login: string;
  type: AccountType;
  readonly email: string;
  deleted: boolean;
}

export interface GhReview {
  readonly id: number;
  readonly by: number;
  readonly body: string;
  state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED' | 'PENDING';
  /** null when its commit is gone. */
  commit: string | null;
  readonly at: number;
}

export interface GhPull {
  readonly id: number;
  readonly number: number;
  title: string;
  readonly body: string;
  readonly by: number;
  /** Undefined when the fork is gone. */
  headRepo: number | undefined;
  readonly headRef: string;
  baseRef: string;
  headSha: string;
  baseSha: string;
  state: 'open' | 'closed';
  readonly createdAt: number;
  updatedAt: number;
  closedAt: number | undefined;
  merged:
    | { readonly at: number; readonly by: number; readonly commit: string; readonly landed: readonly string[] }
    | undefined;
  readonly reviews: GhReview[];
  readonly events: GhIssueEvent[];
}

export interface GhIssueEvent {
  readonly id: number;
  readonly event: 'base_ref_changed';
  readonly by: number;
  readonly at: number;
}

export interface GhComment {
  readonly id: number;
  /** Number of the pull request. */
  readonly pull: number;
  readonly by: number;
  readonly at: number;
  body: string;
}

export interface GhActivity {
  readonly id: number;
  readonly before: string;
  readonly after: string;
  readonly ref: string;
  readonly at: number;
  readonly type: 'push' | 'force_push' | 'branch_deletion' | 'branch_creation' | 'pr_merge' | 'merge_queue_merge';
  readonly by: number | undefined;
}

export interface GhRepo {
  readonly id: number;
  owner: number;
  name: string;
  private: boolean;
  readonly forkOf: number | undefined;
  readonly git: BareRepo;
  readonly createdAt: number;
  readonly collaborators: Set<number>;
  readonly members: Set<number>;
  readonly pulls: Map<number, GhPull>;
  /** Oldest first. */
  readonly comments: GhComment[];
  /** Newest last. */
  readonly activity: GhActivity[];
  /** Branches as they were last seen. */
  branches: ReadonlyMap<string, string>;
  readonly hooks: { readonly url: string; readonly secret: string }[];
  /** Approvals of others that a merge needs. */
  requiredApprovals: number;
}

export interface GhToken {
  /** Undefined for an installation of an app. */
  readonly account: number;
  readonly permissions: Permissions;
  readonly installation: boolean;
  readonly until: number;
}

/** GitHub's stand-in for deleted accounts. */
export const ghost: GhAccount = { id: 10137, login: 'ghost', type: 'User', email: '', deleted: false };
/** Whoever commits what is done on the web site. */
export const webFlow: GhAccount = {
  id: 19864447,
  login: 'web-flow',
  type: 'User',
  email: 'noreply@github.com',
  deleted: false,
};

export class World {
  readonly accounts = new Map<number, GhAccount>([ghost, webFlow].map((account) => [account.id, account]));
  readonly repos = new Map<number, GhRepo>();
  readonly tokens = new Map<string, GhToken>();
  /** Ids of repos by names that they had once. */
  readonly oldNames = new Map<string, number>();
  #ids = 1000;

  nextId(): number {
    return ++this.#ids;
  }

  /** A deleted one is the ghost. */
  account(id: number): GhAccount {
    const account = this.accounts.get(id);
    return account && !account.deleted ? account : ghost;
  }

  named(login: string): GhAccount | undefined {
    return [...this.accounts.values()].find((account) => account.login === login && !account.deleted);
  }

  /** GitHub connects commits with accounts by e-mail. */
  byEmail(email: string): GhAccount | undefined {
    return [...this.accounts.values()].find((account) => account.email === email && email !== '' && !account.deleted);
  }

  fullName(repo: GhRepo): string {
    return `${this.account(repo.owner).login}/${repo.name}`;
  }

  repo(fullName: string): GhRepo | undefined {
    return [...this.repos.values()].find((repo) => this.fullName(repo).toLowerCase() === fullName.toLowerCase());
  }

  association(repo: GhRepo, account: number): string {
    const owner = this.account(repo.owner);
    if (this.accounts.get(account)?.deleted) return 'NONE';
    if (owner.id === account) return 'OWNER';
    if (repo.members.has(account)) return 'MEMBER';
    return repo.collaborators.has(account) ? 'COLLABORATOR' : 'NONE';
  }

  mayWrite(repo: GhRepo, account: number): boolean {
    return this.association(repo, account) !== 'NONE';
  }
}
