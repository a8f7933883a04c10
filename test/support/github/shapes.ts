/** State as GitHub writes it in its answers. */
import type { ChangedFile, CommitFacts } from './bare-repo.ts';
import type { GhAccount, GhActivity, GhComment, GhIssueEvent, GhPull, GhRepo, GhReview, World } from './world.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Links that the description demands, none of which is served. */
const userLinks = [
  'followers',
  'following',
  'gists',
  'starred',
  'subscriptions',
  'orgs',
  'repos',
  'events',
  'received_events',
];
const repoLinks =
  'archive assignees blobs branches collaborators comments commits compare contents contributors deployments downloads events forks git_commits git_refs git_tags hooks issue_comment issue_events issues keys labels languages merges milestones notifications pulls releases stargazers statuses subscribers subscription tags teams trees'.split(
    ' ',
  );

export class Shapes {
  readonly #api: string;
  readonly #web: string;
  readonly #world: World;

  constructor(world: World, api: string) {
    this.#world = world;
    this.#api = api;
    this.#web = new URL(api).origin;
  }

  user(account: GhAccount): Json {
    const url = `${this.#api}/users/${encodeURIComponent(account.login)}`;
    const links = userLinks.map((name) => [`${name === 'orgs' ? 'organizations' : name}_url`, `${url}/${name}`]);
    return {
      login: account.login,
      id: account.id,
      node_id: node('U', account.id),
      avatar_url: `${this.#web}/avatars/${account.id}`,
      gravatar_id: '',
      url,
      html_url: `${this.#web}/${encodeURIComponent(account.login)}`,
      ...Object.fromEntries(links),
      type: account.type,
      user_view_type: 'public',
      site_admin: false,
    };
  }

  /** What GET /user adds. */
  fullUser(account: GhAccount): Json {
    return {
      ...this.user(account),
      name: null,
      company: null,
      blog: '',
      location: null,
      email: null,
      hireable: null,
      bio: null,
      public_repos: 0,
      public_gists: 0,
      followers: 0,
      following: 0,
      created_at: instant(0),
      updated_at: instant(0),
    };
  }

  repo(repo: GhRepo): Json {
    const fullName = this.#world.fullName(repo);
    const url = `${this.#api}/repos/${fullName}`;
    const html = `${this.#web}/${fullName}`;
    const open = [...repo.pulls.values()].filter(({ state }) => state === 'open').length;
    return {
      id: repo.id,
      node_id: node('R', repo.id),
      name: repo.name,
      full_name: fullName,
      private: repo.private,
      owner: this.user(this.#world.account(repo.owner)),
      html_url: html,
      description: null,
      fork: repo.forkOf !== undefined,
      url,
      ...Object.fromEntries(repoLinks.map((name) => [`${name}_url`, `${url}/${name.replaceAll('_', '/')}`])),
      git_url: `git:${html}.git`,
      ssh_url: `git@host:${fullName}.git`,
      clone_url: `${html}.git`,
      svn_url: html,
      mirror_url: null,
      homepage: null,
      language: null,
      license: null,
      default_branch: 'main',
      topics: [],
      ...zero(['forks', 'forks_count', 'size', 'stargazers_count', 'watchers', 'watchers_count']),
      ...zero(['network_count', 'subscribers_count']),
      open_issues: open,
      open_issues_count: open,
      has_issues: true,
      has_projects: false,
      has_wiki: false,
      has_pages: false,
      has_downloads: false,
      has_discussions: false,
      archived: false,
      disabled: false,
      visibility: repo.private ? 'private' : 'public',
      pushed_at: instant(repo.activity.at(-1)?.at ?? repo.createdAt),
      created_at: instant(repo.createdAt),
      updated_at: instant(repo.createdAt),
    };
  }

  comment(repo: GhRepo, { id, pull, by, at, body }: GhComment): Json {
    const url = `${this.#api}/repos/${this.#world.fullName(repo)}/issues`;
    return {
      id,
      node_id: node('IC', id),
      url: `${url}/comments/${id}`,
      html_url: `${this.#web}/${this.#world.fullName(repo)}/pull/${pull}#issuecomment-${id}`,
      issue_url: `${url}/${pull}`,
      body,
      user: this.user(this.#world.account(by)),
      author_association: this.#world.association(repo, by),
      performed_via_github_app: null,
      created_at: instant(at),
      updated_at: instant(at),
    };
  }

  /** As in lists. */
  simplePull(repo: GhRepo, pull: GhPull): Json {
    const url = `${this.#api}/repos/${this.#world.fullName(repo)}/pulls/${pull.number}`;
    const html = `${this.#web}/${this.#world.fullName(repo)}/pull/${pull.number}`;
    const issue = url.replace('/pulls/', '/issues/');
    const statuses = `${this.#api}/repos/${this.#world.fullName(repo)}/statuses/${pull.headSha}`;
    const headRepo = pull.headRepo === undefined ? undefined : this.#world.repos.get(pull.headRepo);
    return {
      id: pull.id,
      node_id: node('PR', pull.id),
      number: pull.number,
      url,
      html_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      issue_url: issue,
      commits_url: `${url}/commits`,
      review_comments_url: `${url}/comments`,
      review_comment_url: `${url.replace(/\/\d+$/, '')}/comments{/number}`,
      comments_url: `${issue}/comments`,
      statuses_url: statuses,
      state: pull.state,
      locked: false,
      draft: false,
      title: pull.title,
      user: this.user(this.#world.account(pull.by)),
      body: pull.body || null,
      labels: [],
      milestone: null,
      assignee: null,
      assignees: [],
      requested_reviewers: [],
      requested_teams: [],
      created_at: instant(pull.createdAt),
      updated_at: instant(pull.updatedAt),
      closed_at: pull.closedAt === undefined ? null : instant(pull.closedAt),
      merged_at: pull.merged ? instant(pull.merged.at) : null,
      // Before it is merged: the commit that GitHub makes to see whether it could be.
      merge_commit_sha: pull.merged?.commit ?? pull.headSha.replace(/^./, (first) => (first === 'e' ? 'f' : 'e')),
      head: this.#side(headRepo, pull.headRef, pull.headSha),
      base: this.#side(repo, pull.baseRef, pull.baseSha),
      _links: Object.fromEntries(
        Object.entries({
          self: url,
          html,
          issue,
          comments: `${issue}/comments`,
          review_comments: `${url}/comments`,
          review_comment: `${url}/comments{/number}`,
          commits: `${url}/commits`,
          statuses,
        }).map(([name, href]) => [name, { href }]),
      ),
      author_association: this.#world.association(repo, pull.by),
      auto_merge: null,
    };
  }

  pull(repo: GhRepo, pull: GhPull, counted: { commits: number; files: number }): Json {
    return {
      ...this.simplePull(repo, pull),
      merged: pull.merged !== undefined,
      merged_by: pull.merged ? this.user(this.#world.account(pull.merged.by)) : null,
      mergeable: pull.state === 'open' ? true : null,
      rebaseable: null,
      mergeable_state: 'unknown',
      maintainer_can_modify: false,
      comments: 0,
      review_comments: 0,
      commits: counted.commits,
      changed_files: counted.files,
      additions: counted.files,
      deletions: 0,
    };
  }

  review(repo: GhRepo, pull: GhPull, review: GhReview): Json {
    const api = `${this.#api}/repos/${this.#world.fullName(repo)}/pulls/${pull.number}`;
    const html = `${this.#web}/${this.#world.fullName(repo)}/pull/${pull.number}#pullrequestreview-${review.id}`;
    const deleted = this.#world.accounts.get(review.by)?.deleted === true;
    return {
      id: review.id,
      node_id: node('PRR', review.id),
      user: deleted ? null : this.user(this.#world.account(review.by)),
      body: review.body,
      state: review.state,
      html_url: html,
      pull_request_url: api,
      _links: { html: { href: html }, pull_request: { href: api } },
      author_association: this.#world.association(repo, review.by),
      ...(review.state === 'PENDING' ? {} : { submitted_at: instant(review.at) }),
      commit_id: review.commit,
    };
  }

  /** An e-mail that no account has leaves the account null. */
  commit(repo: GhRepo, { sha, tree, parents, author, committer, message }: CommitFacts): Json {
    const url = `${this.#api}/repos/${this.#world.fullName(repo)}/commits/${sha}`;
    const account = (email: string): Json | null => {
      const found = this.#world.byEmail(email);
      return found ? this.user(found) : null;
    };
    return {
      sha,
      node_id: node('C', sha),
      url,
      html_url: `${this.#web}/${this.#world.fullName(repo)}/commit/${sha}`,
      comments_url: `${url}/comments`,
      commit: {
        url,
        author,
        committer,
        message,
        tree: { sha: tree, url: `${url}/trees/${tree}` },
        comment_count: 0,
        verification: { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null },
      },
      author: account(author.email),
      committer: account(committer.email),
      parents: parents.map((parent) => ({ sha: parent, url: url.replace(sha, parent) })),
    };
  }

  file(repo: GhRepo, head: string, { filename, status, sha }: ChangedFile): Json {
    const url = `${this.#web}/${this.#world.fullName(repo)}`;
    return {
      sha,
      filename,
      status,
      additions: 1,
      deletions: 0,
      changes: 1,
      blob_url: `${url}/blob/${head}/${filename}`,
      raw_url: `${url}/raw/${head}/${filename}`,
      contents_url: `${this.#api}/repos/${this.#world.fullName(repo)}/contents/${filename}?ref=${head}`,
    };
  }

  event(repo: GhRepo, { id, event, by, at }: GhIssueEvent): Json {
    return {
      id,
      node_id: node('E', id),
      url: `${this.#api}/repos/${this.#world.fullName(repo)}/issues/events/${id}`,
      actor: this.user(this.#world.account(by)),
      event,
      commit_id: null,
      commit_url: null,
      created_at: instant(at),
      performed_via_github_app: null,
    };
  }

  activity({ id, before, after, ref, at, type, by }: GhActivity): Json {
    const actor = by === undefined ? null : this.user(this.#world.account(by));
    return { id, node_id: node('A', id), before, after, ref, timestamp: instant(at), activity_type: type, actor };
  }

  #side(repo: GhRepo | undefined, ref: string, sha: string): Json {
    const owner = repo && this.#world.account(repo.owner);
    return {
      label: `${owner?.login ?? 'unknown'}:${ref}`,
      ref,
      sha,
      user: owner ? this.user(owner) : null,
      repo: repo ? this.repo(repo) : null,
    };
  }
}

/** GitHub's instants have whole seconds. */
export function instant(at: number): string {
  return new Date(Math.floor(at / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

function zero(names: readonly string[]): Json {
  return Object.fromEntries(names.map((name) => [name, 0]));
}

function node(kind: string, id: number | string): string {
  return `${kind}_${id}`;
}
