import { AnswerFields, type Failed } from '../hosted/answer-fields.ts';
import type { Comment, CommentApi } from '../hosted/comment-api.ts';
import type { Account } from '../hosted/forge-api.ts';
import { readAccount } from './github-answers.ts';
import type { GitHubApiOptions } from './github-api.ts';
import { fresh, pageSize } from './github-cache.ts';
import { GitHubClient } from './github-client.ts';
import { nameOnGitHub } from './github-name.ts';

const [read, write] = [
  'Pull requests: read',
  'Pull requests: write (in a workflow: permissions: pull-requests: write)',
];

/** Comments on pull requests, which GitHub keeps as those of issues. */
export class GitHubComments implements CommentApi {
  readonly #client: GitHubClient;
  readonly #name: { readonly owner: string; readonly repo: string };

  constructor({ repo, ...options }: GitHubApiOptions) {
    this.#name = nameOnGitHub(repo);
    this.#client = new GitHubClient(options);
  }

  /** A workflow's token is of an app's installation, which is not told whose it is: 403. */
  async self(): Promise<Account | undefined> {
    const question = { asked: 'read whose token it is', permission: 'Metadata: read', besides: [403] };
    const answer = await this.#client.ask(question, (request) => request('GET /user'));
    return answer.status === 403 ? undefined : readAccount(new AnswerFields(answer.value, answer.failed));
  }

  async comments(number: number): Promise<readonly Comment[]> {
    const question = { asked: `read the comments on pull request ${number}`, permission: read };
    const list = await this.#client.list(question, (request) =>
      request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...this.#name,
        issue_number: number,
        per_page: pageSize,
        headers: fresh,
      }),
    );
    const { value, failed } = list!;
    return value.map((row, index) => readComment(row, failed, `[${index}]`)).sort((a, b) => a.id - b.id);
  }

  async add(number: number, body: string): Promise<Comment> {
    const question = { asked: `comment on pull request ${number}`, permission: write };
    const { value, failed } = await this.#client.ask(question, (request) =>
      request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
        ...this.#name,
        issue_number: number,
        body,
      }),
    );
    return readComment(value, failed);
  }

  async edit(id: number, body: string): Promise<Comment> {
    const question = { asked: `edit comment ${id}`, permission: write };
    const { value, failed } = await this.#client.ask(question, (request) =>
      request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', { ...this.#name, comment_id: id, body }),
    );
    return readComment(value, failed);
  }
}

function readComment(value: unknown, failed: Failed, path = ''): Comment {
  const fields = new AnswerFields(value, failed, path);
  return { id: fields.id('id'), author: readAccount(fields.objectOrNull('user')), body: fields.text('body') };
}
