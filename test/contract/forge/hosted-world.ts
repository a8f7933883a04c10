/** A policy repo on a hosted forge, people with accounts there, and gateways that follow it. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { parse, stringify } from 'yaml';
import { acknowledgementProblem } from '../../../core/admission/acknowledged.ts';
import { breakGlassNamespace } from '../../../core/admission/judge-break-glass.ts';
import { type Clock, systemClock } from '../../../core/clock/clock.ts';
import type { ForgeApi, Pull } from '../../../core/forge/hosted/forge-api.ts';
import { HostedEvidence } from '../../../core/forge/hosted/hosted-evidence.ts';
import { BareClone } from '../../../core/git/bare-clone.ts';
import { signSsh } from '../../../core/git/ssh-signature.ts';
import type { TrustRoot } from '../../../core/model/trust-root.ts';
import { requestContent } from '../../../core/source/request-content.ts';
import { RevisionLoader } from '../../../core/source/revision.ts';
import { PolicyRound } from '../../../gateway/reconcile/policy-round.ts';
import { SnapshotStore } from '../../../gateway/snapshot/snapshot-store.ts';
import { StateStore } from '../../../gateway/state/state-store.ts';
import { pushFirst, withAccounts } from '../../support/policies-on-forge.ts';
import { keysOf, type PolicyRepo } from '../../support/policy-repo.ts';
import { speakerOf } from '../../support/speaker.ts';
import { type storyPeople, storyPolicies } from '../../support/story-policies.ts';
import type { tempDir } from '../../support/temp-dir.ts';

export type Person = (typeof storyPeople)[number];
export type Files = Readonly<Record<string, string | undefined>>;
export type Merging = 'merge' | 'squash' | 'rebase';

/** What the suite needs of a forge besides its adapter. */
export interface HostedForgeUnderTest {
  readonly kind: 'github' | 'gitea';
  /** Numeric ids of the people's accounts. */
  readonly accounts: Readonly<Record<Person, number>>;
  readonly repoId: number;
  /** `person` undefined: the gateway's own account. */
  api(person: Person | undefined): ForgeApi;
  /** Where git works, and with what. `undefined`: somebody who may push anything anywhere. */
  git(person: Person | undefined): { readonly url: string; readonly token: string | undefined };
  mergeAs(person: Person, number: number, how: Merging): Promise<void>;
  /** Takes a review of a person back, as an admin does. */
  dismiss(number: number, by: Person): Promise<void>;
  /** Deletes a review of a person, where the forge lets that be; false where it does not. */
  deleteReview(number: number, by: Person): Promise<boolean>;
  rename(person: Person): Promise<void>;
  /** A fork of the repo by a person: where git works in it, and how a request from one of its branches is opened. */
  fork(by: Person): Promise<{
    readonly url: string;
    readonly token: string | undefined;
    open(branch: string): Promise<number>;
  }>;
  /** Points an open request to another branch of the repo. */
  retarget(by: Person, number: number, branch: string): Promise<void>;
}

export interface Asked {
  readonly pull: Pull;
  readonly uid: string;
  readonly name: string;
  readonly file: string;
}

export class HostedWorld implements AsyncDisposable {
  readonly forge: HostedForgeUnderTest;
  readonly genesis: { readonly commit: string; readonly tree: string };
  readonly keys: PolicyRepo['keys'];
  readonly #dir: Awaited<ReturnType<typeof tempDir>>;
  readonly #hands = new Map<string, BareClone>();
  #gateways = 0;

  private constructor(
    forge: HostedForgeUnderTest,
    dir: HostedWorld['dir'],
    genesis: HostedWorld['genesis'],
    keys: PolicyRepo['keys'],
  ) {
    this.forge = forge;
    this.keys = keys;
    this.#dir = dir;
    this.genesis = genesis;
  }

  get dir(): Awaited<ReturnType<typeof tempDir>> {
    return this.#dir;
  }

  /** Pushes the policies of the story, with the people's accounts, as the first commit after what the forge made. */
  static async make(
    forge: HostedForgeUnderTest,
    dir: HostedWorld['dir'],
    change: (files: Record<string, string>) => Record<string, string> = (same) => same,
  ): Promise<HostedWorld> {
    const keys = keysOf(dir.path, Object.keys(forge.accounts));
    const policies = storyPolicies({ issuer: 'https://idp.example', prefix: '' })(keys);
    const files = change(withAccounts(policies, forge.api(undefined).host, forge.accounts));
    const genesis = await pushFirst(dir.join('genesis'), forge.git(undefined), files);
    return new HostedWorld(forge, dir, genesis, keys);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const hands of this.#hands.values()) await hands[Symbol.asyncDispose]();
    await this.#dir[Symbol.asyncDispose]();
  }

  /** A clone through which a person (or an admin) writes and pushes. */
  async hands(person: Person | undefined): Promise<BareClone> {
    const key = person ?? 'admin';
    let found = this.#hands.get(key);
    if (!found) {
      const { url, token } = this.forge.git(person);
      found = await BareClone.open(this.#dir.join(`hands-${key}`), url, { token: async () => token });
      this.#hands.set(key, found);
    }
    await found.fetch('main');
    return found;
  }

  async tip(): Promise<string> {
    return (await (await this.hands(undefined)).fetch('main'))!;
  }

  /** A commit of a person on a branch of theirs; `on` is what it stands on, the tip of main if left out. */
  async commit(
    by: Person,
    branch: string,
    files: Files,
    more: { on?: string; message?: string; email?: string } = {},
  ): Promise<string> {
    const hands = await this.hands(by);
    const on = more.on ?? (await this.tip());
    const tree = await hands.writeTree(on, files);
    const author = { name: by, email: more.email ?? `${by}@example.com` };
    const when = systemClock.now();
    const commit = await hands.writeCommit(
      { tree, parents: [on], author, when, message: more.message ?? 'Ask' },
      undefined,
    );
    await hands.push([{ ref: `refs/heads/${branch}`, commit }], { force: true });
    return commit;
  }

  /** A pull request with one Grant; `more` files go with it. */
  async ask(
    by: Person = 'alice',
    bend: {
      spec?: Readonly<Record<string, unknown>>;
      more?: Files;
      email?: string;
      message?: string;
      base?: string;
    } = {},
  ): Promise<Asked> {
    const uid = randomBytes(16).toString('hex');
    const name = `${by}-${uid.slice(0, 8)}`;
    const file = `grants/2026-11/${name}.yaml`;
    const files = { [file]: grantText(name, { uid, requestedBy: by, subject: by, ...bend.spec }), ...bend.more };
    await this.commit(by, `request/${name}`, files, bend);
    return { pull: await this.open(by, `request/${name}`, bend.base), uid, name, file };
  }

  /** The same from a fork of theirs. */
  async askFromFork(by: Person): Promise<Asked> {
    const uid = randomBytes(16).toString('hex');
    const name = `${by}-${uid.slice(0, 8)}`;
    const file = `grants/2026-11/${name}.yaml`;
    const fork = await this.forge.fork(by);
    await using hands = await BareClone.open(this.#dir.join(`fork-${name}`), fork.url, {
      token: async () => fork.token,
    });
    const on = (await hands.fetch('main'))!;
    const tree = await hands.writeTree(on, { [file]: grantText(name, { uid, requestedBy: by, subject: by }) });
    const author = { name: by, email: `${by}@example.com` };
    const commit = await hands.writeCommit(
      { tree, parents: [on], author, when: systemClock.now(), message: 'Ask' },
      undefined,
    );
    await hands.push([{ ref: 'refs/heads/ask', commit }]);
    const pull = (await this.forge.api(by).pull(await fork.open('ask')))!;
    return { pull, uid, name, file };
  }

  /** An emergency of alice under payments-debug, signed with her key as the gateway says, in a request of its own. */
  async breakGlass({ round }: HostedFollower): Promise<Asked> {
    const uid = randomBytes(16).toString('hex');
    const name = `breakglass-${uid.slice(0, 8)}`;
    const file = `breakglass/${name}.yaml`;
    const text = (signature: string): string =>
      stringify({
        apiVersion: 'sluice.dev/v1',
        kind: 'BreakGlass',
        metadata: { name },
        spec: {
          uid,
          subject: 'alice',
          policy: 'payments-debug',
          streams: ['payments'],
          operations: ['consume'],
          window: { duration: 'PT20M' },
          reason: 'INC-1',
          signedAt,
          signature,
        },
      });
    const signedAt = new Date(systemClock.now()).toISOString();
    const unsigned = text('-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ==\n-----END SSH SIGNATURE-----\n');
    const { payload } = await round.emergencies.propose({ path: file, bytes: Buffer.from(unsigned) });
    const signature = await signSsh(Buffer.from(payload!), breakGlassNamespace, this.keys['alice']!.file);
    await this.commit('alice', `request/${name}`, { [file]: text(signature) });
    return { pull: await this.open('alice', `request/${name}`), uid, name, file };
  }

  /** A file of the repo as it is now. */
  async read(path: string): Promise<string> {
    const hands = await this.hands(undefined);
    const at = (await hands.tree(await this.tip())).find((entry) => entry.path === path)!;
    return (await hands.blob(at.id, 100_000)).toString();
  }

  /** A document of the repo as it is now, with its spec changed. */
  async edited(path: string, change: (spec: Record<string, unknown>) => object): Promise<Files> {
    const document = parse(await this.read(path)) as { spec: Record<string, unknown> };
    return { [path]: stringify({ ...document, spec: change(document.spec) }) };
  }

  /** One more commit of the request, which changes its grant; returns it. */
  async rewrite({ name, uid, file, pull }: Asked, spec: Readonly<Record<string, unknown>>): Promise<string> {
    const by = name.slice(0, name.indexOf('-')) as Person;
    const text = grantText(name, { uid, requestedBy: by, subject: by, ...spec });
    return await this.commit(by, `request/${name}`, { [file]: text }, { on: pull.head.commit });
  }

  /** A commit on top of `on` that git takes and Sluice does not read: it names its tree a second time. */
  async oddCommit(by: Person, branch: string, on: string): Promise<string> {
    const hands = await this.hands(by);
    const { tree } = await hands.commit(on);
    const who = `${by} <${by}@example.com> 1700000000 +0000`;
    const text = `tree ${tree}\nparent ${on}\nauthor ${who}\ncommitter ${who}\ntree ${tree}\n\nodd\n`;
    const args = ['-C', hands.dir, 'hash-object', '-t', 'commit', '-w', '--stdin'];
    const commit = execFileSync('git', args, { input: text, encoding: 'utf8' }).trim();
    await hands.push([{ ref: `refs/heads/${branch}`, commit }]);
    return commit;
  }

  open(by: Person, head: string, base = 'main'): Promise<Pull> {
    return this.forge.api(by).open({ title: `Ask by ${by}`, body: '', head, base });
  }

  async approve(by: Person, { number }: Pull, verdict: 'approve' | 'reject' = 'approve'): Promise<string> {
    const api = this.forge.api(by);
    const { head } = (await api.pull(number))!;
    await api.review(number, { commit: head.commit, verdict, body: verdict === 'approve' ? '' : 'No' });
    return head.commit;
  }

  /** Merges and returns the tip. */
  async merge({ number }: Pull, how: Merging = 'merge', by: Person = 'bob'): Promise<string> {
    await this.forge.mergeAs(by, number, how);
    return this.tip();
  }

  /** Straight onto main, past every protection. */
  async direct(files: Files, message = 'direct'): Promise<string> {
    const hands = await this.hands(undefined);
    const tip = await this.tip();
    const tree = await hands.writeTree(tip, files);
    const author = { name: 'admin', email: 'admin@example.com' };
    const commit = await hands.writeCommit(
      { tree, parents: [tip], author, when: systemClock.now(), message },
      undefined,
    );
    await hands.push([{ ref: 'refs/heads/main', commit, expected: tip }]);
    return commit;
  }

  trustRoot(): TrustRoot {
    return {
      repoId: String(this.forge.repoId),
      branch: 'main',
      genesis: this.genesis,
      owners: [{ name: 'olga', key: undefined, account: this.forge.accounts.olga }],
      threshold: 1,
      issuers: [],
      maxSkew: 60_000,
      maxStaleness: 900_000,
      maxStaleDeny: 14_400_000,
      peers: [],
    };
  }

  /** One gateway's part: clone, state, round. */
  async follow(bend: { clock?: Clock; api?: ForgeApi; trustRoot?: Partial<TrustRoot> } = {}): Promise<HostedFollower> {
    const { clock = systemClock, api = this.forge.api(undefined) } = bend;
    const name = `gw-${++this.#gateways}`;
    const trustRoot = { ...this.trustRoot(), ...bend.trustRoot };
    const { url, token } = this.forge.git(undefined);
    const clone = await BareClone.open(this.#dir.join(name, 'clone'), url, { token: async () => token });
    const state = await StateStore.open(this.#dir.join(name), trustRoot, clock.now());
    const snapshots = new SnapshotStore();
    const loader = new RevisionLoader(clone);
    const { repoId, branch } = trustRoot;
    const source = new HostedEvidence({
      api,
      clone,
      clock,
      trustRoot,
      rulesAt: async (commit) => (await loader.plane(commit)).policySet,
      askedAt: (base, commit) => requestContent({ clone, loader, repo: { repoId, branch } }, base, commit),
    });
    const recorder = { append: () => true, record: async () => undefined };
    const prepare = async (): Promise<void> => {};
    const speaker = speakerOf(name);
    const round = new PolicyRound({
      ...{ clone, loader, source, state, snapshots, trustRoot, clock, recorder, prepare, speaker },
      limits: acknowledgementProblem,
      hosted: true,
    });
    return {
      name,
      round,
      state,
      snapshots,
      async [Symbol.asyncDispose]() {
        await state[Symbol.asyncDispose]();
        await clone[Symbol.asyncDispose]();
      },
    };
  }
}

export interface HostedFollower extends AsyncDisposable {
  readonly name: string;
  readonly round: PolicyRound;
  readonly state: StateStore;
  readonly snapshots: SnapshotStore;
}

/** Rounds until the forge has said all; then what became of each grant and of the rules. */
export async function settled(gateway: HostedFollower): Promise<Record<string, string>> {
  const end = systemClock.monotonic() + 30_000;
  while ((await gateway.round.run()).undecided !== undefined) {
    if (systemClock.monotonic() > end) throw new TypeError('the forge never said what became of a commit');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  while ((await gateway.round.emergencies.look()).more);
  return outcomesOf(gateway);
}

export function outcomesOf({ state }: HostedFollower): Record<string, string> {
  const { grants, refusals } = state.current;
  return Object.fromEntries([
    ...refusals.map((verdict) => [verdict.kind === 'grant' ? verdict.name : 'rules', verdict.refusal ?? '']),
    ...Object.values(grants).map(({ grant }) => [grant.name, 'admitted']),
  ]);
}

export function grantText(name: string, spec: Readonly<Record<string, unknown>>): string {
  return stringify({
    apiVersion: 'sluice.dev/v1',
    kind: 'Grant',
    metadata: { name },
    spec: {
      policy: 'payments-debug',
      streams: ['payments'],
      operations: ['consume'],
      window: { duration: 'PT1H' },
      reason: 'INC-1',
      ...spec,
    },
  });
}
