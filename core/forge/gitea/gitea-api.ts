import pRetry from 'p-retry';
import type { Clock } from '../../clock/clock.ts';
import { InputError, type SourceError } from '../../errors/sluice-error.ts';
import type { Account, ForgeApi, ForgeRepo, MergedPull, Pull, Review } from '../hosted/forge-api.ts';
import { forgeError } from '../hosted/forge-error.ts';
import { type JsonAnswer, JsonClient, type JsonRequest } from '../hosted/json-client.ts';
import { AnswerFields, isCommit } from './answer-fields.ts';
import { readAccount, readPull, readRepo, readReview } from './gitea-answers.ts';
import { contributorsOf } from './gitea-contributors.ts';
import { GiteaLists } from './gitea-lists.ts';
import { refusalOf, refusals } from './gitea-refusals.ts';

export interface GiteaOptions {
  /** Address of the server, with the path that it is served under, if any. */
  readonly url: string;
  /** `owner/name`. */
  readonly repo: string;
  /** Without one, Gitea is asked as anybody: what is public can be read. */
  readonly token: string | undefined;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** For one answer; 10,000 ms when absent. */
  readonly timeoutMs?: number | undefined;
  /** Most bytes of one answer; 16 MiB when absent. */
  readonly cap?: number | undefined;
}

const reading = 'repository: Read';
const writing = 'repository: Write';
/** How long Gitea may take to find out whether a request can be merged, and to note that it was, ms. */
const settling = 10_000;

/** Gitea as a forge, by its API v1; measured with 1.26. */
export class GiteaApi implements ForgeApi {
  readonly kind = 'gitea';
  readonly #client: JsonClient;
  readonly #lists: GiteaLists;
  readonly #repo: string;
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  /** Errors of an answer that Gitea will give in another way in a moment. */
  readonly #early = new WeakSet<Error>();

  constructor({ url, repo, token, ...rest }: GiteaOptions) {
    if (!/^(?!\.+\/)[\w.-]+\/(?!\.+$)[\w.-]+$/.test(repo)) {
      throw new InputError('BadConfig', 'the name of the repo is none', { fix: 'write it like owner/name' });
    }
    const authorization = token === undefined ? undefined : `token ${token}`;
    this.#client = new JsonClient({ url: `${url.replace(/\/+$/, '')}/api/v1`, authorization, ...rest });
    this.#lists = new GiteaLists(this.#client);
    this.#repo = repo;
    this.#clock = rest.clock;
    this.#signal = rest.signal;
  }

  get host(): string {
    return this.#client.host;
  }

  get skew(): number | undefined {
    return this.#client.skew;
  }

  async repo(): Promise<ForgeRepo> {
    return readRepo(fieldsOf(await this.#ask({ path: '', asked: 'read the repo', permission: reading })));
  }

  async account(): Promise<Account | undefined> {
    const asked = 'read whose token it is';
    const answer = await this.#client.ask({ method: 'GET', path: '/user', asked, permission: 'user: Read' });
    const account = readAccount(fieldsOf(answer));
    if (!account) throw answer.failed('it is the account of nobody');
    return account;
  }

  async mergedAs(commit: string): Promise<MergedPull | undefined> {
    this.#demandCommit(commit);
    const asked = `find the pull request merged as ${commit}`;
    const answer = await this.#findable({ path: `/commits/${commit}/pull`, asked, permission: reading });
    if (!answer) return undefined;
    const fields = fieldsOf(answer);
    const pull = await this.#settled(readPull(fields));
    if (pull.merged?.commit !== commit)
      throw answer.failed('it is another pull request, or one that is not merged yet');
    const reviews = await this.reviews(pull.number);
    return { pull, reviews, contributors: await contributorsOf(this.#lists, this.#repo, pull, fields) };
  }

  async openPulls(branch: string): Promise<readonly Pull[]> {
    const query = { state: 'open', sort: 'oldest', base_branch: branch };
    const path = `/repos/${this.#repo}/pulls`;
    const rows = await this.#lists.whole({ path, query, asked: 'list the pull requests', permission: reading });
    return rows.map((row) => readPull(row)).filter((pull) => pull.base.branch === branch);
  }

  async pull(number: number): Promise<Pull | undefined> {
    const answer = await this.#findable({
      path: `/pulls/${number}`,
      asked: `read pull request ${number}`,
      permission: reading,
    });
    return answer && (await this.#settled(readPull(fieldsOf(answer))));
  }

  async reviews(number: number): Promise<readonly Review[]> {
    const path = `/repos/${this.#repo}/pulls/${number}/reviews`;
    const asked = `read the reviews of pull request ${number}`;
    const rows = await this.#lists.whole({ path, asked, permission: reading }, true);
    return rows.flatMap((row) => readReview(row) ?? []).sort((a, b) => a.at - b.at || a.id - b.id);
  }

  async open(request: { title: string; body: string; head: string; base: string }): Promise<Pull> {
    const { title, body, head, base } = request;
    const asked = 'open a pull request';
    const answer = await this.#write({ method: 'POST', path: '/pulls', body: { title, body, head, base }, asked });
    return readPull(fieldsOf(answer));
  }

  async review(number: number, said: { commit: string; verdict: 'approve' | 'reject'; body: string }): Promise<void> {
    const { commit, verdict, body } = said;
    this.#demandCommit(commit);
    const asked = `${verdict} pull request ${number}`;
    const event = verdict === 'approve' ? 'APPROVED' : 'REQUEST_CHANGES';
    await this.#demandHead(number, commit, asked);
    const answer = await this.#write({
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
    const end = this.#clock.monotonic() + settling;
    const body = { Do: 'merge', head_commit_id: head, merge_title_field: title };
    await this.#untilSettled(end, () =>
      this.#write({ method: 'POST', path: `/pulls/${number}/merge`, body, asked, empty: true }),
    );
    return await this.#untilSettled(end, async () => {
      const merged = (await this.pull(number))?.merged;
      if (merged) return merged.commit;
      throw this.#soon(this.#failed(asked, 'it said that it did, but the pull request is not merged'));
    });
  }

  async close(number: number): Promise<void> {
    const asked = `close pull request ${number}`;
    const answer = await this.#write({ method: 'PATCH', path: `/pulls/${number}`, body: { state: 'closed' }, asked });
    if (readPull(fieldsOf(answer)).state !== 'closed') throw answer.failed('it is not closed after that');
  }

  #ask(request: Omit<JsonRequest, 'method'>): Promise<JsonAnswer> {
    return this.#client.ask({ ...request, method: 'GET', path: `/repos/${this.#repo}${request.path}` });
  }

  async #write(request: Omit<JsonRequest, 'permission'>): Promise<JsonAnswer> {
    const path = `/repos/${this.#repo}${request.path}`;
    const answer = await this.#client.ask({ ...request, path, permission: writing, besides: refusals });
    if (answer.status < 300) return answer;
    const { flaw, passes } = refusalOf(answer);
    const error = answer.failed(flaw);
    throw passes ? this.#soon(error) : error;
  }

  /**
   * The answer, or undefined when there is none of what is asked for. Gitea answers the same 404 to whom it shows no
   * pull requests at all, which is an error: so it is asked for those.
   */
  async #findable(request: Omit<JsonRequest, 'method'>): Promise<JsonAnswer | undefined> {
    const answer = await this.#ask({ ...request, besides: [404] });
    if (answer.status !== 404) return answer;
    await this.#ask({ path: '/pulls', query: { state: 'all', limit: 1 }, asked: request.asked, permission: reading });
    return undefined;
  }

  /** With the head that was merged: Gitea shows the branch's, which may have moved on since. */
  async #settled(pull: Pull): Promise<Pull> {
    if (!pull.merged) return pull;
    const ref = `pull/${pull.number}/head`;
    const answer = await this.#ask({
      path: `/git/refs/${ref}`,
      asked: `read the head of pull request ${pull.number}`,
      permission: reading,
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
    if (!pull) throw this.#failed(asked, 'there is no such pull request');
    if (pull.state !== 'open') throw this.#failed(asked, `it is ${pull.state}`);
    if (pull.head.commit !== commit) throw this.#failed(asked, 'its head is another commit now: look at it again');
  }

  #demandCommit(text: string): void {
    if (isCommit(text)) return;
    throw new InputError('BadUsage', `'${text.slice(0, 70)}' is no full commit id`, { fix: 'give all of its digits' });
  }

  #untilSettled<T>(end: number, work: () => Promise<T>): Promise<T> {
    return pRetry(work, {
      retries: 100,
      minTimeout: 200,
      factor: 1,
      ...(this.#signal ? { signal: this.#signal } : {}),
      shouldRetry: ({ error }) => this.#early.has(error) && this.#clock.monotonic() < end,
    });
  }

  #soon(error: SourceError): SourceError {
    this.#early.add(error);
    return error;
  }

  #failed(asked: string, flaw: string): SourceError {
    return forgeError({ asked, host: this.host, status: undefined, permission: writing, flaw });
  }
}

function fieldsOf({ value, failed }: JsonAnswer): AnswerFields {
  return new AnswerFields(value, failed);
}
