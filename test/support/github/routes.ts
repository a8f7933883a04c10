/** The operations that are served, each by the template that GitHub's description has it under. */
import { Conflict } from './bare-repo.ts';
import type { MergeMethod } from './merges.ts';
import type { Pulls } from './pulls.ts';
import type { Json, Shapes } from './shapes.ts';
import type { GhAccount, GhPull, GhRepo, GhReview, GhToken, Permission, World } from './world.ts';

export interface Asked {
  readonly repo: GhRepo;
  /** Parts of the path by their names in the template. */
  readonly parts: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly token: GhToken | undefined;
  readonly caller: GhAccount | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** The body is a list, to be cut into pages: by their numbers, or by a cursor. */
  readonly paged?: 'number' | 'cursor';
}

export interface Route {
  readonly method: string;
  readonly template: string;
  readonly needs: readonly [Permission, 'read' | 'write'] | undefined;
  readonly answer: (asked: Asked) => Promise<Answer> | Answer;
}

/** GitHub tells of no more. */
const [mostCommits, mostFiles] = [250, 3000];
/** Characters of a comment. */
const longestComment = 65_536;
const docs = 'https://docs.github.com/rest';
const events = { APPROVE: 'APPROVED', REQUEST_CHANGES: 'CHANGES_REQUESTED', COMMENT: 'COMMENTED' } as const;

export function problem(status: number, message: string): Answer {
  return { status, body: { message, documentation_url: docs, status: `${status}` } };
}

export function routesOf(world: World, pulls: Pulls, shapes: Shapes, now: () => number): readonly Route[] {
  const at = '/repos/{owner}/{repo}';
  const one = `${at}/pulls/{pull_number}`;
  const [read, write] = [['pull_requests', 'read'] as const, ['pull_requests', 'write'] as const];
  const contents = ['contents', 'write'] as const;
  const withPull = (answer: (asked: Asked, pull: GhPull) => Promise<Answer> | Answer) => (asked: Asked) => {
    const pull = asked.repo.pulls.get(Number(asked.parts['pull_number']));
    return pull ? answer(asked, pull) : problem(404, 'Not Found');
  };
  const whole = async (repo: GhRepo, pull: GhPull, status = 200): Promise<Answer> => {
    const [commits, files] = [
      await commitsOf(repo, pull),
      await repo.git.changed(await baseOf(repo, pull), pull.headSha),
    ];
    return { status, body: shapes.pull(repo, pull, { commits: commits.length, files: files.length }) };
  };

  return [
    {
      method: 'GET',
      template: '/user',
      needs: undefined,
      answer: ({ caller, token }) =>
        token?.installation
          ? problem(403, 'Resource not accessible by integration')
          : { status: 200, body: shapes.fullUser(caller!) },
    },
    {
      method: 'GET',
      template: at,
      needs: ['metadata', 'read'],
      answer: ({ repo }) => ({ status: 200, body: shapes.repo(repo) }),
    },
    {
      method: 'GET',
      template: `${at}/commits/{commit_sha}/pulls`,
      needs: read,
      answer: async ({ repo, parts }) => {
        const sha = parts['commit_sha']!;
        if (!(await exists(repo, sha))) return problem(422, `No commit found for SHA: ${sha}`);
        const found: Json[] = [];
        for (const pull of repo.pulls.values()) {
          const own = pull.merged?.landed.includes(sha) || (await commitsOf(repo, pull)).includes(sha);
          if (own) found.push(shapes.simplePull(repo, pull));
        }
        return { status: 200, body: found, paged: 'number' };
      },
    },
    {
      method: 'GET',
      template: `${at}/pulls`,
      needs: read,
      answer: ({ repo, query }) => {
        const [state, base] = [query.get('state') ?? 'open', query.get('base')];
        const wanted = [...repo.pulls.values()].reverse();
        const fits = (pull: GhPull): boolean =>
          (state === 'all' || pull.state === state) && (!base || pull.baseRef === base);
        return { status: 200, body: wanted.filter(fits).map((pull) => shapes.simplePull(repo, pull)), paged: 'number' };
      },
    },
    {
      method: 'POST',
      template: `${at}/pulls`,
      needs: write,
      answer: async ({ repo, body, caller }) => {
        const [owner, branch] = `${body['head']}`.includes(':')
          ? `${body['head']}`.split(':')
          : [undefined, `${body['head']}`];
        const headRepo = owner ? world.repo(`${owner}/${repo.name}`) : repo;
        if (!headRepo || typeof body['title'] !== 'string') return invalid('PullRequest');
        const pull = await pulls.open(repo, {
          by: caller!,
          title: body['title'],
          body: typeof body['body'] === 'string' ? body['body'] : '',
          headRepo,
          headRef: branch!,
          baseRef: `${body['base']}`,
        });
        return typeof pull === 'string' ? invalid('PullRequest', pull) : whole(repo, pull, 201);
      },
    },
    { method: 'GET', template: one, needs: read, answer: withPull(({ repo }, pull) => whole(repo, pull)) },
    {
      method: 'PATCH',
      template: one,
      needs: write,
      answer: withPull(({ repo, body }, pull) => {
        if (typeof body['title'] === 'string') pull.title = body['title'];
        if (body['state'] === 'closed' && pull.state === 'open') pulls.close(repo, pull);
        return whole(repo, pull);
      }),
    },
    {
      method: 'GET',
      template: `${one}/reviews`,
      needs: read,
      answer: withPull(({ repo, caller }, pull) => ({
        status: 200,
        body: pull.reviews
          .filter(({ state, by }) => state !== 'PENDING' || by === caller?.id)
          .map((review) => shapes.review(repo, pull, review)),
        paged: 'number',
      })),
    },
    {
      method: 'POST',
      template: `${one}/reviews`,
      needs: write,
      answer: withPull((asked, pull) => review(asked, pull)),
    },
    {
      method: 'PUT',
      template: `${one}/reviews/{review_id}/dismissals`,
      needs: write,
      answer: withPull(({ repo, parts, caller }, pull) => {
        const found = pull.reviews.find(({ id }) => `${id}` === parts['review_id']);
        if (!found || !world.mayWrite(repo, caller!.id)) return problem(404, 'Not Found');
        if (found.state !== 'APPROVED' && found.state !== 'CHANGES_REQUESTED')
          return problem(422, 'Can not dismiss it');
        pulls.dismiss(repo, pull, found);
        return { status: 200, body: shapes.review(repo, pull, found) };
      }),
    },
    {
      method: 'GET',
      template: `${one}/commits`,
      needs: read,
      answer: withPull(async ({ repo }, pull) => {
        const facts = (await commitsOf(repo, pull)).slice(0, mostCommits).map((sha) => repo.git.facts(sha));
        return {
          status: 200,
          body: (await Promise.all(facts)).map((one) => shapes.commit(repo, one)),
          paged: 'number',
        };
      }),
    },
    {
      method: 'GET',
      template: `${one}/files`,
      needs: read,
      answer: withPull(async ({ repo }, pull) => {
        const files = await repo.git.changed(await baseOf(repo, pull), pull.headSha);
        const shown = files.slice(0, mostFiles).map((file) => shapes.file(repo, pull.headSha, file));
        return { status: 200, body: shown, paged: 'number' };
      }),
    },
    { method: 'PUT', template: `${one}/merge`, needs: contents, answer: withPull((asked, pull) => merge(asked, pull)) },
    {
      method: 'GET',
      template: `${at}/issues/{issue_number}/events`,
      needs: read,
      answer: ({ repo, parts }) => {
        const pull = repo.pulls.get(Number(parts['issue_number']));
        if (!pull) return problem(404, 'Not Found');
        return { status: 200, body: pull.events.map((event) => shapes.event(repo, event)), paged: 'number' };
      },
    },
    {
      method: 'GET',
      template: `${at}/issues/{issue_number}/comments`,
      needs: read,
      answer: ({ repo, parts }) => {
        const number = Number(parts['issue_number']);
        if (!repo.pulls.has(number)) return problem(404, 'Not Found');
        const rows = repo.comments.filter(({ pull }) => pull === number);
        return { status: 200, body: rows.map((one) => shapes.comment(repo, one)), paged: 'number' };
      },
    },
    {
      method: 'POST',
      template: `${at}/issues/{issue_number}/comments`,
      needs: write,
      answer: ({ repo, parts, body, caller }) => {
        const number = Number(parts['issue_number']);
        if (!repo.pulls.has(number)) return problem(404, 'Not Found');
        const text = body['body'];
        if (typeof text !== 'string' || text === '' || text.length > longestComment) return invalid('IssueComment');
        const made = { id: world.nextId(), pull: number, by: caller!.id, at: now(), body: text };
        repo.comments.push(made);
        return { status: 201, body: shapes.comment(repo, made) };
      },
    },
    {
      method: 'PATCH',
      template: `${at}/issues/comments/{comment_id}`,
      needs: write,
      answer: ({ repo, parts, body }) => {
        const found = repo.comments.find(({ id }) => `${id}` === parts['comment_id']);
        const text = body['body'];
        if (!found) return problem(404, 'Not Found');
        if (typeof text !== 'string' || text.length > longestComment) return invalid('IssueComment');
        found.body = text;
        return { status: 200, body: shapes.comment(repo, found) };
      },
    },
    {
      method: 'GET',
      template: `${at}/activity`,
      needs: ['contents', 'read'],
      answer: ({ repo, query }) => {
        const ref = query.get('ref');
        const rows = repo.activity.filter((row) => !ref || row.ref === ref).reverse();
        return { status: 200, body: rows.map((row) => shapes.activity(row)), paged: 'cursor' };
      },
    },
  ];

  function review({ repo, body, caller }: Asked, pull: GhPull): Answer {
    const said = body['event'];
    const state: GhReview['state'] | undefined =
      said === undefined
        ? 'PENDING'
        : Object.hasOwn(events, `${said}`)
          ? events[said as keyof typeof events]
          : undefined;
    if (!state) return problem(422, 'Variable $event is invalid');
    if (caller!.id === pull.by && (state === 'APPROVED' || state === 'CHANGES_REQUESTED')) {
      return problem(422, 'Can not approve or request changes on your own pull request');
    }
    const text = typeof body['body'] === 'string' ? body['body'] : '';
    if (state !== 'APPROVED' && state !== 'PENDING' && text === '') return problem(422, 'Body can not be blank');
    const commit = typeof body['commit_id'] === 'string' ? body['commit_id'] : pull.headSha;
    const made = pulls.review(repo, pull, { by: caller!, body: text, state, commit });
    return { status: 200, body: shapes.review(repo, pull, made) };
  }

  async function merge({ repo, body, caller, token }: Asked, pull: GhPull): Promise<Answer> {
    const method = (body['merge_method'] ?? 'merge') as MergeMethod;
    if (!token!.installation && !world.mayWrite(repo, caller!.id)) return problem(403, 'Must have write access');
    if (pull.state !== 'open') return problem(405, 'Pull Request is not mergeable');
    if (body['sha'] !== undefined && body['sha'] !== pull.headSha) {
      return problem(409, 'Head branch was modified. Review and try the merge again.');
    }
    if (pulls.approvals(repo, pull) < repo.requiredApprovals) {
      return problem(
        405,
        `At least ${repo.requiredApprovals} approving review is required by reviewers with write access.`,
      );
    }
    const title =
      typeof body['commit_title'] === 'string' ? body['commit_title'] : `Merge pull request #${pull.number}`;
    try {
      const sha = await pulls.merge(repo, pull, caller!, method, title);
      return { status: 200, body: { sha, merged: true, message: 'Pull Request successfully merged' } };
    } catch (error) {
      if (error instanceof Conflict) return problem(405, 'Pull Request has merge conflicts');
      throw error;
    }
  }
}

function invalid(resource: string, message = 'it is missing'): Answer {
  const body = {
    message: 'Validation Failed',
    errors: [{ resource, code: 'custom', message }],
    documentation_url: docs,
  };
  return { status: 422, body };
}

async function exists(repo: GhRepo, sha: string): Promise<boolean> {
  return repo.git.git('cat-file', '-e', `${sha}^{commit}`).then(
    () => true,
    () => false,
  );
}

/** Where the request parted from its base branch. */
function baseOf(repo: GhRepo, pull: GhPull): Promise<string> {
  return repo.git.mergeBase(pull.baseSha, pull.headSha);
}

async function commitsOf(repo: GhRepo, pull: GhPull): Promise<readonly string[]> {
  return repo.git.between(pull.baseSha, pull.headSha);
}
