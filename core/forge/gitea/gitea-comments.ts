import { AnswerFields } from '../hosted/answer-fields.ts';
import type { Comment, CommentApi } from '../hosted/comment-api.ts';
import type { Account } from '../hosted/forge-api.ts';
import type { JsonAnswer } from '../hosted/json-client.ts';
import { readAccount } from './gitea-answers.ts';
import { GiteaCalls, type GiteaOptions } from './gitea-calls.ts';

const [reading, writing] = ['issue: Read', 'issue: Write (in a workflow: permissions: pull-requests: write)'];

/** Comments on pull requests, which Gitea keeps as those of issues. */
export class GiteaComments implements CommentApi {
  readonly #calls: GiteaCalls;

  constructor(options: GiteaOptions) {
    this.#calls = new GiteaCalls(options);
  }

  /** A token without that scope, or of a workflow, may not ask. */
  async self(): Promise<Account | undefined> {
    const answer = await this.#calls.client.ask({
      method: 'GET',
      path: '/user',
      asked: 'read whose token it is',
      permission: 'user: Read',
      besides: [403, 404],
    });
    return answer.status >= 400 ? undefined : readAccount(new AnswerFields(answer.value, answer.failed));
  }

  /** Gitea gives them in one answer. */
  async comments(number: number): Promise<readonly Comment[]> {
    const answer = await this.#calls.client.ask({
      method: 'GET',
      path: `/repos/${this.#calls.repo}/issues/${number}/comments`,
      asked: `read the comments on pull request ${number}`,
      permission: reading,
    });
    const { value, headers, failed } = answer;
    if (!Array.isArray(value)) throw failed('it is no list');
    if (Number(headers.get('x-total-count') ?? value.length) !== value.length) {
      throw failed('it is not as long as it says');
    }
    return value
      .map((row: unknown, index) => readComment(new AnswerFields(row, failed, `[${index}]`)))
      .sort((a, b) => a.id - b.id);
  }

  async add(number: number, body: string): Promise<Comment> {
    return commentOf(
      await this.#write('POST', `/issues/${number}/comments`, body, `comment on pull request ${number}`),
    );
  }

  async edit(id: number, body: string): Promise<Comment> {
    return commentOf(await this.#write('PATCH', `/issues/comments/${id}`, body, `edit comment ${id}`));
  }

  #write(method: 'POST' | 'PATCH', path: string, body: string, asked: string): Promise<JsonAnswer> {
    return this.#calls.client.ask({
      method,
      path: `/repos/${this.#calls.repo}${path}`,
      body: { body },
      asked,
      permission: writing,
    });
  }
}

function commentOf({ value, failed }: JsonAnswer): Comment {
  return readComment(new AnswerFields(value, failed));
}

function readComment(fields: AnswerFields): Comment {
  return { id: fields.id('id'), author: readAccount(fields.objectOrNull('user')), body: fields.text('body') };
}
