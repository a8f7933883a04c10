/** Repos on each forge, as the contract asks for them. */
import { systemClock } from '../../../core/clock/clock.ts';
import { HostedEvidence } from '../../../core/forge/hosted/hosted-evidence.ts';
import { HostedForge } from '../../../core/forge/hosted/hosted-forge.ts';
import { PlainEvidence } from '../../../core/forge/plain/plain-evidence.ts';
import { PlainForge } from '../../../core/forge/plain/plain-forge.ts';
import { BareClone } from '../../../core/git/bare-clone.ts';
import type { PolicySet } from '../../../core/model/documents.ts';
import { requestContent } from '../../../core/source/request-content.ts';
import { RevisionLoader } from '../../../core/source/revision.ts';
import { FollowedRepo } from '../../gateway/reconcile/followed-repo.ts';
import { tempDir } from '../../support/temp-dir.ts';
import type { ForgeUnderContract } from './forge-contract.ts';
import { type HostedForgeUnderTest, HostedWorld } from './hosted-world.ts';

const clock = systemClock;

export async function plainContract(): Promise<ForgeUnderContract> {
  const there = await FollowedRepo.make();
  const { repo } = there;
  const views = new Views();
  return {
    hosted: false,
    async as(person) {
      const { clone, loader, tip, rules } = await views.open(there.dir.join(`view-${views.count}`), repo.url);
      const repoId = repo.genesis.commit;
      const trustRoot = there.trustRoot();
      const signer = { name: person, email: `${person}@example.com`, keyFile: repo.keys[person]!.file };
      const { owners, branch } = trustRoot;
      return {
        forge: new PlainForge({ clone, clock, repoId, branch, tip, rules, owners, signer }),
        evidence: new PlainEvidence({ clone, trustRoot, rulesAt: rulesOf(loader) }),
        clone,
        loader,
        tip,
        rules,
        repo: { repoId, branch },
      };
    },
    async [Symbol.asyncDispose]() {
      await views[Symbol.asyncDispose]();
      await there[Symbol.asyncDispose]();
    },
  };
}

export async function hostedContract(forge: HostedForgeUnderTest): Promise<ForgeUnderContract> {
  const there = await HostedWorld.make(forge, await tempDir());
  const views = new Views();
  return {
    hosted: true,
    async as(person) {
      const { url, token } = forge.git(person);
      const { clone, loader, tip, rules } = await views.open(there.dir.join(`view-${views.count}`), url, token);
      const trustRoot = there.trustRoot();
      const { repoId, branch } = trustRoot;
      const askedAt = (base: string, commit: string) =>
        requestContent({ clone, loader, repo: { repoId, branch } }, base, commit);
      const api = forge.api(person);
      const author = { name: person, email: `${person}@example.com` };
      return {
        forge: new HostedForge({ api, clone, clock, branch, tip, rules, askedAt, author }),
        evidence: new HostedEvidence({ api, clone, clock, trustRoot, rulesAt: rulesOf(loader), askedAt }),
        clone,
        loader,
        tip,
        rules,
        repo: { repoId, branch },
      };
    },
    async [Symbol.asyncDispose]() {
      await views[Symbol.asyncDispose]();
      await there[Symbol.asyncDispose]();
    },
  };
}

/** Clones of their own, each as the remote is when it is opened. */
class Views implements AsyncDisposable {
  readonly #clones: BareClone[] = [];

  get count(): number {
    return this.#clones.length;
  }

  async open(dir: string, url: string, token?: string) {
    const clone = await BareClone.open(dir, url, { token: async () => token });
    this.#clones.push(clone);
    const tip = (await clone.fetch('main'))!;
    const loader = new RevisionLoader(clone);
    const { policySet, problems } = await loader.plane(tip);
    if (!policySet) throw new TypeError(problems[0]?.message);
    return { clone, loader, tip, rules: policySet };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const clone of this.#clones) await clone[Symbol.asyncDispose]();
  }
}

function rulesOf(loader: RevisionLoader): (commit: string) => Promise<PolicySet | undefined> {
  return async (commit) => (await loader.plane(commit)).policySet;
}
