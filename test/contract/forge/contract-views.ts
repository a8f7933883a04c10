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
  const views = new Views(there);
  return {
    hosted: false,
    async as(person) {
      const view = await views.open(repo.url);
      const { clone, tip, rules, rulesAt } = view;
      const repoId = repo.genesis.commit;
      const trustRoot = there.trustRoot();
      const signer = { name: person, email: `${person}@example.com`, keyFile: repo.keys[person]!.file };
      const { owners, branch } = trustRoot;
      return {
        ...view,
        forge: new PlainForge({ clone, clock, repoId, branch, tip, rules, owners, signer }),
        evidence: new PlainEvidence({ clone, trustRoot, rulesAt }),
        repo: { repoId, branch },
      };
    },
    [Symbol.asyncDispose]: () => views[Symbol.asyncDispose](),
  };
}

export async function hostedContract(forge: HostedForgeUnderTest): Promise<ForgeUnderContract> {
  const there = await HostedWorld.make(forge, await tempDir());
  const views = new Views(there);
  return {
    hosted: true,
    async as(person) {
      const { url, token } = forge.git(person);
      const view = await views.open(url, token);
      const { clone, loader, tip, rules, rulesAt } = view;
      const trustRoot = there.trustRoot();
      const { repoId, branch } = trustRoot;
      const askedAt = (base: string, commit: string) =>
        requestContent({ clone, loader, repo: { repoId, branch } }, base, commit);
      const api = forge.api(person);
      const author = { name: person, email: `${person}@example.com` };
      return {
        ...view,
        forge: new HostedForge({ api, clone, clock, branch, tip, rules, askedAt, author }),
        evidence: new HostedEvidence({ api, clone, clock, trustRoot, rulesAt, askedAt }),
        repo: { repoId, branch },
      };
    },
    [Symbol.asyncDispose]: () => views[Symbol.asyncDispose](),
  };
}

/** Clones of their own, each as the remote is when it is opened; ended together with the repo that they are of. */
class Views implements AsyncDisposable {
  readonly #clones: BareClone[] = [];
  readonly #world: FollowedRepo | HostedWorld;

  constructor(world: FollowedRepo | HostedWorld) {
    this.#world = world;
  }

  async open(url: string, token?: string) {
    const dir = this.#world.dir.join(`view-${this.#clones.length}`);
    const clone = await BareClone.open(dir, url, { token: async () => token });
    this.#clones.push(clone);
    const tip = (await clone.fetch('main'))!;
    const loader = new RevisionLoader(clone);
    const { policySet, problems } = await loader.plane(tip);
    if (!policySet) throw new TypeError(problems[0]?.message);
    const rulesAt = async (commit: string): Promise<PolicySet | undefined> => (await loader.plane(commit)).policySet;
    return { clone, loader, tip, rules: policySet, rulesAt };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const clone of this.#clones) await clone[Symbol.asyncDispose]();
    await this.#world[Symbol.asyncDispose]();
  }
}
