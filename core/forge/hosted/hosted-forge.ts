import type { Clock } from '../../clock/clock.ts';
import { InputError, SourceError } from '../../errors/sluice-error.ts';
import type { BareClone } from '../../git/bare-clone.ts';
import type { PolicySet } from '../../model/documents.ts';
import type { AccessRequest, Forge } from '../forge.ts';
import { identityOf } from './accounts.ts';
import type { ForgeApi, Pull } from './forge-api.ts';
import { type AskedAt, LookedAt } from './looked-at.ts';

const requestRefs = 'refs/heads/request/';

export interface HostedForgeOptions {
  readonly api: ForgeApi;
  readonly clone: BareClone;
  readonly clock: Clock;
  readonly branch: string;
  /** Tip of the branch, fetched. */
  readonly tip: string;
  /** Rules at the tip. */
  readonly rules: PolicySet;
  readonly askedAt: AskedAt;
  /** Whoever works here: commits carry the name, the account is the token's. */
  readonly author: { readonly name: string; readonly email: string } | undefined;
}

/** Requests as pull requests, approvals as reviews. A request is called as its branch, without `request/`. */
export class HostedForge implements Forge {
  readonly kind: Forge['kind'];
  readonly #options: HostedForgeOptions;

  constructor(options: HostedForgeOptions) {
    this.#options = options;
    this.kind = options.api.kind;
  }

  async open({ name, title, body, files }: Parameters<Forge['open']>[0]): Promise<AccessRequest> {
    const { clone, api, branch, tip } = this.#options;
    if (await this.#pull(name)) {
      throw new InputError('BadUsage', `a request '${name}' is open already`, { fix: 'choose another name' });
    }
    const head = await this.#commit(tip, title, files);
    const ref = `${requestRefs}${name}`;
    await clone.push([{ ref, commit: head, expected: '' }]);
    try {
      const pull = await api.open({ title, body, head: ref.slice('refs/heads/'.length), base: branch });
      return { name, head, base: tip, approvals: [], url: pull.url };
    } catch (error) {
      await clone.push([{ ref, commit: undefined, expected: head }]).catch(() => {}); // the first error tells more
      throw error;
    }
  }

  async list(): Promise<readonly AccessRequest[]> {
    const { api, branch } = this.#options;
    const requests: AccessRequest[] = [];
    for (const pull of await api.openPulls(branch)) {
      const request = await this.#request(pull);
      if (request) requests.push(request);
    }
    return requests;
  }

  async find(name: string): Promise<AccessRequest | undefined> {
    const pull = await this.#pull(name);
    return pull && this.#request(pull);
  }

  async say({ name, head }: AccessRequest, { verdict }: Parameters<Forge['say']>[1]): Promise<void> {
    this.#author(); // what nobody says counts for nothing
    const pull = await this.#openPull(name);
    await this.#options.api.review(pull.number, { commit: head, verdict, body: '' });
  }

  async merge({ name, head }: AccessRequest): Promise<string> {
    const pull = await this.#openPull(name);
    return this.#options.api.merge(pull.number, { head, title: `Merge request ${name}` });
  }

  /** Straight onto the branch, or, where that is protected, by a pull request that is merged at once. */
  async narrow(title: string, files: Readonly<Record<string, string | undefined>>): Promise<string> {
    const { clone, clock, branch, api } = this.#options;
    const tip = (await clone.fetch(branch)) ?? this.#options.tip;
    const commit = await this.#commit(tip, title, files);
    try {
      await clone.push([{ ref: `refs/heads/${branch}`, commit, expected: tip }]);
      return commit;
    } catch (refused) {
      if (!(refused instanceof SourceError)) throw refused;
    }
    const name = `narrow-${clock.now().toString(36)}-${commit.slice(0, 6)}`;
    await clone.push([{ ref: `${requestRefs}${name}`, commit, expected: '' }]);
    const pull = await api.open({ title, body: '', head: `request/${name}`, base: branch });
    try {
      return await api.merge(pull.number, { head: commit, title });
    } catch (cause) {
      throw new SourceError(
        'ForgeFailed',
        'it takes effect when its pull request is merged, and you may not merge it',
        {
          why: cause instanceof SourceError ? (cause.why ?? cause.message) : 'the forge refused',
          fix: `have somebody merge ${pull.url}; gateways need no approval for it`,
          cause,
        },
      );
    }
  }

  async #commit(tip: string, title: string, files: Readonly<Record<string, string | undefined>>): Promise<string> {
    const { clone, clock } = this.#options;
    const author = this.#author();
    const tree = await clone.writeTree(tip, files);
    return clone.writeCommit({ tree, parents: [tip], author, when: clock.now(), message: title }, undefined);
  }

  #author(): { readonly name: string; readonly email: string } {
    const { author, api } = this.#options;
    if (author) return author;
    throw new InputError('BadUsage', 'the forge account of the token belongs to no Identity', {
      why: `its numeric id is in no Identity's accounts with forge: ${api.host}`,
      fix: 'use a token of your own account, or have the owners add it to your Identity',
    });
  }

  async #openPull(name: string): Promise<Pull> {
    const pull = await this.#pull(name);
    if (pull) return pull;
    throw new InputError('BadUsage', `there is no open request '${name}'`, { fix: 'sluice access list shows them' });
  }

  async #pull(name: string): Promise<Pull | undefined> {
    const { api, branch } = this.#options;
    return (await api.openPulls(branch)).find((pull) => nameOf(pull) === name);
  }

  /** undefined when its commits are not to be had, or share no history with the branch. */
  async #request(pull: Pull): Promise<AccessRequest | undefined> {
    const { clone, api, tip, rules, askedAt } = this.#options;
    await clone.fetchPull(pull.number);
    const head = pull.head.commit;
    if (!(await clone.has(head))) return undefined;
    const base = await clone.mergeBase(tip, head);
    if (base === undefined) return undefined;
    const looked = new LookedAt({ clone, askedAt, rulesAt: async () => undefined }, tip);
    const approvals: AccessRequest['approvals'][number][] = [];
    for (const review of await api.reviews(pull.number)) {
      const by = identityOf(rules, api.host, review.author);
      if (by === undefined || review.verdict === 'comment' || review.dismissed) continue;
      const [asked, ...more] = (await looked.at(review.commit))?.asked ?? [];
      const digest = asked && more.length === 0 ? asked.content.digest : '';
      approvals.push({ by, signedAt: review.at, digest, verdict: review.verdict });
    }
    return { name: nameOf(pull), head, base, approvals, url: pull.url };
  }
}

/** A branch of a fork may be called as another request's: it goes by its number, as does one of another form. */
function nameOf({ head, base, number }: Pull): string {
  const own = head.repoId === base.repoId && head.branch.startsWith('request/');
  return own ? head.branch.slice('request/'.length) : `${number}`;
}
