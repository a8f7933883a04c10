import { AnswerFields } from '../hosted/answer-fields.ts';
import type { Account, ForgeApi, ForgeRepo, MergedPull, Pull, Review } from '../hosted/forge-api.ts';
import { mergedTo, readAccount, readPull, readRepo, readReview } from './github-answers.ts';
import { fresh, pageSize } from './github-cache.ts';
import { GitHubClient, type GitHubClientOptions } from './github-client.ts';
import { contributorsOf } from './github-contributors.ts';
import { nameOnGitHub } from './github-name.ts';
import type { GitHubAnswer, Question } from './github-question.ts';
import { retargetedAt } from './github-retarget.ts';

export interface GitHubApiOptions extends GitHubClientOptions {
  /** `owner/name`. */
  readonly repo: string;
}

const read = 'Pull requests: read';
const write = 'Pull requests: write';

/** GitHub, and GitHub Enterprise Server, by its REST interface. */
export class GitHubApi implements ForgeApi {
  readonly kind = 'github';
  readonly #client: GitHubClient;
  readonly #name: { readonly owner: string; readonly repo: string };

  constructor({ repo, ...options }: GitHubApiOptions) {
    this.#name = nameOnGitHub(repo);
    this.#client = new GitHubClient(options);
  }

  get host(): string {
    return this.#client.host;
  }

  get skew(): number | undefined {
    return this.#client.skew;
  }

  async repo(): Promise<ForgeRepo> {
    const question = { asked: 'read the repo', permission: 'Metadata: read' };
    const { value, failed } = await this.#client.ask(question, (request) =>
      request('GET /repos/{owner}/{repo}', this.#name),
    );
    return readRepo(value, failed);
  }

  /** The token of an app's installation is not told whose it is: 403. */
  async account(): Promise<Account | undefined> {
    const question = { asked: 'read whose token it is', permission: 'Metadata: read', besides: [403] };
    const { status, value, failed } = await this.#client.ask(question, (request) => request('GET /user'));
    return status === 403 ? undefined : readAccount(new AnswerFields(value, failed));
  }

  /**
   * Where several merged requests claim the commit, as two of one head do when one of them is merged, none of them is
   * the one: then undefined, as when there is none.
   */
  async mergedAs(commit: string): Promise<MergedPull | undefined> {
    const question = { asked: `read which pull request commit ${commit.slice(0, 12)} is of`, permission: read };
    const list = await this.#client.list({ ...question, besides: [422] }, (request) =>
      request('GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls', {
        ...this.#name,
        commit_sha: commit,
        per_page: pageSize,
        headers: fresh,
      }),
    );
    if (!list) return undefined;
    const merged = list.value.map((row, index) => mergedTo(row, list.failed, `[${index}]`));
    const claims = merged.filter((one) => one?.commit === commit);
    const { id } = claims.length > 0 ? await this.repo() : { id: 0 };
    const [found, ...others] = claims.filter((one) => one?.repoId === id);
    if (!found || others.length > 0) return undefined;
    const answer = await this.#askPull(found.number);
    const pull = answer && readPull(answer.value, answer.failed);
    if (!answer || pull?.merged?.commit !== commit) {
      throw this.#client.error(question, {
        flaw: `pull request ${found.number} does not say that it became the commit`,
      });
    }
    const commits = new AnswerFields(answer.value, answer.failed).number('commits');
    return {
      pull,
      reviews: await this.#reviewsOf(pull),
      contributors: await contributorsOf(this.#client, this.#name, pull, commits),
      retargetedAt: await retargetedAt(this.#client, this.#name, pull.number),
    };
  }

  async openPulls(branch: string): Promise<readonly Pull[]> {
    const list = await this.#client.list({ asked: 'list the open pull requests', permission: read }, (request) =>
      request('GET /repos/{owner}/{repo}/pulls', { ...this.#name, state: 'open', base: branch, per_page: pageSize }),
    );
    const { value, failed } = list!;
    return value
      .map((row, index) => readPull(row, failed, `[${index}]`))
      .filter(({ state, base }) => state === 'open' && base.branch === branch);
  }

  async pull(number: number): Promise<Pull | undefined> {
    const answer = await this.#askPull(number);
    return answer && readPull(answer.value, answer.failed);
  }

  async reviews(number: number): Promise<readonly Review[]> {
    return this.#reviewsOf(await this.#mustPull(number, { asked: reviewsOf(number), permission: read }));
  }

  async open(request: { title: string; body: string; head: string; base: string }): Promise<Pull> {
    const question = { asked: 'open a pull request', permission: write, besides: [422] };
    const answer = await this.#client.ask(question, (ask) =>
      ask('POST /repos/{owner}/{repo}/pulls', { ...this.#name, ...request }),
    );
    refused(answer, 422, 'it takes none: there is one of that branch already, or nothing differs');
    return readPull(answer.value, answer.failed);
  }

  async review(number: number, said: { commit: string; verdict: 'approve' | 'reject'; body: string }): Promise<void> {
    const question = { asked: `review pull request ${number}`, permission: write, besides: [422] };
    const { head } = await this.#mustPull(number, question);
    if (head.commit !== said.commit) throw this.#client.error(question, { flaw: 'its head is another commit by now' });
    const event = said.verdict === 'approve' ? 'APPROVE' : 'REQUEST_CHANGES';
    const body = said.body === '' && event === 'REQUEST_CHANGES' ? 'Rejected.' : said.body;
    const answer = await this.#client.ask(question, (request) =>
      request('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
        ...this.#name,
        pull_number: number,
        commit_id: said.commit,
        event,
        body,
      }),
    );
    refused(answer, 422, 'it takes none of this account, as of the author of a pull request');
    const review = readReview(answer.value, answer.failed, '', said.commit);
    if (review?.verdict !== said.verdict || review.dismissed || review.commit !== said.commit) {
      throw answer.failed('it took something else than was said');
    }
  }

  async merge(number: number, { head, title }: { head: string; title: string }): Promise<string> {
    const question = { asked: `merge pull request ${number}`, permission: 'Contents: write', besides: [405, 409] };
    const answer = await this.#client.ask(question, (request) =>
      request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', {
        ...this.#name,
        pull_number: number,
        sha: head,
        merge_method: 'merge',
        commit_title: title,
      }),
    );
    refused(answer, 405, 'it cannot be merged: it is closed or in conflict, or the rules of the branch ask for more');
    refused(answer, 409, 'its head is another commit by now');
    const fields = new AnswerFields(answer.value, answer.failed);
    if (!fields.flag('merged')) throw fields.flaw('merged', 'true');
    return fields.commit('sha');
  }

  async close(number: number): Promise<void> {
    const question = { asked: `close pull request ${number}`, permission: write, besides: [422] };
    const answer = await this.#client.ask(question, (request) =>
      request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
        ...this.#name,
        pull_number: number,
        state: 'closed',
      }),
    );
    refused(answer, 422, 'it is not closed by hand');
    if (readPull(answer.value, answer.failed).state !== 'closed') throw answer.failed('it is not closed');
  }

  /** undefined where the repo can be read and has no such pull request; a 404 alone may be a missing permission. */
  async #askPull(number: number): Promise<GitHubAnswer | undefined> {
    const question = { asked: `read pull request ${number}`, permission: read, besides: [404] };
    const answer = await this.#client.ask(question, (request) =>
      request('GET /repos/{owner}/{repo}/pulls/{pull_number}', { ...this.#name, pull_number: number }),
    );
    if (answer.status !== 404) return answer;
    await this.repo();
    return undefined;
  }

  async #mustPull(number: number, question: Question): Promise<Pull> {
    const pull = await this.pull(number);
    if (!pull) throw this.#client.error(question, { flaw: 'there is no such pull request' });
    return pull;
  }

  async #reviewsOf({ number, head }: Pull): Promise<readonly Review[]> {
    const list = await this.#client.list({ asked: reviewsOf(number), permission: read }, (request) =>
      request('GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews', {
        ...this.#name,
        pull_number: number,
        per_page: pageSize,
        headers: fresh,
      }),
    );
    const { value, failed } = list!;
    const reviews = value.map((row, index) => readReview(row, failed, `[${index}]`, head.commit));
    const said = reviews.filter((review) => review !== undefined);
    if (new Set(said.map(({ id }) => id)).size < said.length) throw failed('it tells of one review twice');
    return said.sort((a, b) => a.at - b.at || a.id - b.id);
  }
}

function reviewsOf(number: number): string {
  return `read the reviews of pull request ${number}`;
}

function refused({ status, failed }: GitHubAnswer, by: number, flaw: string): void {
  if (status === by) throw failed(flaw);
}
