import { InputError } from '../../errors/sluice-error.ts';
import { AnswerFields, isCommit } from '../hosted/answer-fields.ts';
import type { Account, ForgeApi, ForgeRepo, MergedPull, Pull, Review } from '../hosted/forge-api.ts';
import type { JsonAnswer } from '../hosted/json-client.ts';
import { readAccount, readPull, readRepo, readReview } from './gitea-answers.ts';
import { GiteaCalls, type GiteaOptions, reading } from './gitea-calls.ts';
import { historyOf } from './gitea-history.ts';
import { GiteaLists } from './gitea-lists.ts';

/** Gitea as a forge, by its API v1; measured with 1.26. */
export class GiteaApi implements ForgeApi {
  readonly kind = 'gitea';
  readonly #calls: GiteaCalls;
  readonly #lists: GiteaLists;

  constructor(options: GiteaOptions) {
    this.#calls = new GiteaCalls(options);
    this.#lists = new GiteaLists(this.#calls.client);
  }

  get host(): string {
    return this.#calls.client.host;
  }

  get skew(): number | undefined {
    return this.#calls.client.skew;
  }

  async repo(): Promise<ForgeRepo> {
    return readRepo(fieldsOf(await this.#calls.read({ path: '', asked: 'read the repo' })));
  }

  async account(): Promise<Account | undefined> {
    const asked = 'read whose token it is';
    const answer = await this.#calls.client.ask({ method: 'GET', path: '/user', asked, permission: 'user: Read' });
    const account = readAccount(fieldsOf(answer));
    if (!account) throw answer.failed('it is the account of nobody');
    return account;
  }

  async mergedAs(commit: string): Promise<MergedPull | undefined> {
    this.#demandCommit(commit);
    const asked = `find the pull request merged as ${commit}`;
    const answer = await this.#calls.find({ path: `/commits/${commit}/pull`, asked });
    if (!answer) return undefined;
    const fields = fieldsOf(answer);
    const pull = await this.#settled(readPull(fields));
    if (pull.merged?.commit !== commit)
      throw answer.failed('it is another pull request, or one that is not merged yet');
    const reviews = await this.reviews(pull.number);
    return { pull, reviews, ...(await historyOf(this.#lists, this.#calls.repo, pull, fields)) };
  }

  async openPulls(branch: string): Promise<readonly Pull[]> {
    const query = { state: 'open', sort: 'oldest', base_branch: branch };
    const path = `/repos/${this.#calls.repo}/pulls`;
    const rows = await this.#lists.whole({ path, query, asked: 'list the pull requests', permission: reading });
    return rows.map((row) => readPull(row)).filter((pull) => pull.base.branch === branch);
  }

  async pull(number: number): Promise<Pull | undefined> {
    const answer = await this.#calls.find({
      path: `/pulls/${number}`,
      asked: `read pull request ${number}`,
    });
    return answer && (await this.#settled(readPull(fieldsOf(answer))));
  }

  async reviews(number: number): Promise<readonly Review[]> {
    const path = `/repos/${this.#calls.repo}/pulls/${number}/reviews`;
    const asked = `read the reviews of pull request ${number}`;
    const rows = await this.#lists.whole({ path, asked, permission: reading }, true);
    return rows.flatMap((row) => readReview(row) ?? []).sort((a, b) => a.at - b.at || a.id - b.id);
  }

  async open(request: { title: string; body: string; head: string; base: string }): Promise<Pull> {
    const { title, body, head, base } = request;
    const asked = 'open a pull request';
    const answer = await this.#calls.write({
      method: 'POST',
      path: '/pulls',
      body: { title, body, head, base },
      asked,
    });
    return readPull(fieldsOf(answer));
  }

  async review(number: number, said: { commit: string; verdict: 'approve' | 'reject'; body: string }): Promise<void> {
    const { commit, verdict } = said;
    const body = said.body === '' && verdict === 'reject' ? 'Rejected.' : said.body; // it takes no silent rejection
    this.#demandCommit(commit);
    const asked = `${verdict} pull request ${number}`;
    const event = verdict === 'approve' ? 'APPROVED' : 'REQUEST_CHANGES';
    await this.#demandHead(number, commit, asked);
    const answer = await this.#calls.write({
      method: 'POST',
      path: `/pulls/${number}/reviews`,
      body: { event, body, commit_id: commit },
      asked,
    });
    const review = readReview(fieldsOf(answer));
    if (review?.verdict !== verdict || review.commit !== commit) throw answer.failed('it took it for something else');
    if (review.stale) throw answer.failed('the pull request changed at the same time: look at it again');
  }

  async merge(number: number, { head, title }: { head: string; title: string }): Promise<string> {
    this.#demandCommit(head);
    const asked = `merge pull request ${number}`;
    await this.#demandHead(number, head, asked);
    const body = { Do: 'merge', head_commit_id: head, merge_title_field: title };
    await this.#calls.untilSettled(() =>
      this.#calls.write({ method: 'POST', path: `/pulls/${number}/merge`, body, asked, empty: true }),
    );
    return await this.#calls.untilSettled(async () => {
      const merged = (await this.pull(number))?.merged;
      if (merged) return merged.commit;
      throw this.#calls.soon(this.#calls.failed(asked, 'it said that it did, but the pull request is not merged'));
    });
  }

  async close(number: number): Promise<void> {
    const asked = `close pull request ${number}`;
    const answer = await this.#calls.write({
      method: 'PATCH',
      path: `/pulls/${number}`,
      body: { state: 'closed' },
      asked,
    });
    if (readPull(fieldsOf(answer)).state !== 'closed') throw answer.failed('it is not closed after that');
  }

  /** With the head that was merged: Gitea shows the branch's, which may have moved on since. */
  async #settled(pull: Pull): Promise<Pull> {
    if (!pull.merged) return pull;
    const ref = `pull/${pull.number}/head`;
    const answer = await this.#calls.read({
      path: `/git/refs/${ref}`,
      asked: `read the head of pull request ${pull.number}`,
    });
    const rows: readonly unknown[] = Array.isArray(answer.value) ? answer.value : [answer.value];
    const found = rows
      .map((row) => new AnswerFields(row, answer.failed))
      .find((row) => row.text('ref') === `refs/${ref}`);
    if (!found) throw answer.failed('it has no such ref');
    return { ...pull, head: { ...pull.head, commit: found.object('object').commit('sha') } };
  }

  async #demandHead(number: number, commit: string, asked: string): Promise<void> {
    const pull = await this.pull(number);
    if (!pull) throw this.#calls.failed(asked, 'there is no such pull request');
    if (pull.state !== 'open') throw this.#calls.failed(asked, `it is ${pull.state}`);
    if (pull.head.commit !== commit)
      throw this.#calls.failed(asked, 'its head is another commit now: look at it again');
  }

  #demandCommit(text: string): void {
    if (isCommit(text)) return;
    throw new InputError('BadUsage', `'${text.slice(0, 70)}' is no full commit id`, { fix: 'give all of its digits' });
  }
}

function fieldsOf({ value, failed }: JsonAnswer): AnswerFields {
  return new AnswerFields(value, failed);
}
