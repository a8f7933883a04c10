/** A policy repo that a PolicyRound follows, people who use the real binary on it, and hands that forge what they like. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { acknowledgementProblem } from '../../../core/admission/acknowledged.ts';
import type { AuditEvent } from '../../../core/audit/event.ts';
import { type Clock, systemClock } from '../../../core/clock/clock.ts';
import { PlainEvidence } from '../../../core/forge/plain/plain-evidence.ts';
import {
  approvalTrailer,
  mergeTrailer,
  packTrailer,
  type SignedStatement,
  signStatement,
  unpackTrailers,
} from '../../../core/forge/plain/signed-statement.ts';
import { BareClone } from '../../../core/git/bare-clone.ts';
import type { Snapshot } from '../../../core/model/snapshot.ts';
import type { TrustRoot } from '../../../core/model/trust-root.ts';
import { RevisionLoader } from '../../../core/source/revision.ts';
import { PolicyRound } from '../../../gateway/reconcile/policy-round.ts';
import { SnapshotStore } from '../../../gateway/snapshot/snapshot-store.ts';
import { StateStore } from '../../../gateway/state/state-store.ts';
import { makePolicyRepo, type PolicyRepo } from '../../support/policy-repo.ts';
import { type Ran, runSluice } from '../../support/run-sluice.ts';
import { speakerOf } from '../../support/speaker.ts';
import { storyPeople, storyPolicies } from '../../support/story-policies.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** One gateway's part: clone, state, round. Several may follow the same repo. */
export interface Follower extends AsyncDisposable {
  readonly round: PolicyRound;
  readonly state: StateStore;
  readonly snapshots: SnapshotStore;
  readonly events: AuditEvent[];
  /** Set to make the brokers fail. */
  prepare: (next: Snapshot) => Promise<void>;
}

export type Files = Readonly<Record<string, string | undefined>>;

export class FollowedRepo implements AsyncDisposable {
  readonly dir: Awaited<ReturnType<typeof tempDir>>;
  readonly repo: PolicyRepo;
  /** A clone through which commits of any shape are written and pushed. */
  readonly hands: BareClone;

  private constructor(dir: FollowedRepo['dir'], repo: PolicyRepo, hands: BareClone) {
    this.dir = dir;
    this.repo = repo;
    this.hands = hands;
  }

  static async make(
    change: (files: Record<string, string>) => Record<string, string> = (same) => same,
  ): Promise<FollowedRepo> {
    const dir = await tempDir();
    const files = storyPolicies({ issuer: 'https://idp.example', prefix: '' });
    const repo = makePolicyRepo(dir.path, storyPeople, (keys) => change(files(keys)));
    mkdirSync(dir.join('home'));
    return new FollowedRepo(dir, repo, await BareClone.open(dir.join('hands'), repo.url));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hands[Symbol.asyncDispose]();
    await this.dir[Symbol.asyncDispose]();
  }

  trustRoot(bend: Partial<TrustRoot> = {}): TrustRoot {
    const { repo } = this;
    return {
      repoId: repo.genesis.commit,
      branch: 'main',
      genesis: repo.genesis,
      owners: [{ name: 'olga', key: repo.keys['olga']!.key, account: undefined }],
      threshold: 1,
      issuers: [],
      maxSkew: 60_000,
      maxStaleness: 900_000,
      maxStaleDeny: 14_400_000,
      peers: [],
      ...bend,
    };
  }

  /** `ahead`: ms by which this gateway's clock is ahead. */
  async follow(
    name = 'gw',
    bend: Partial<TrustRoot> = {},
    ahead = 0,
    livedBefore = false,
    soleGateway = false,
  ): Promise<Follower> {
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };
    const trustRoot = this.trustRoot(bend);
    const clone = await BareClone.open(this.dir.join(name, 'clone'), this.repo.url);
    const state = await StateStore.open(this.dir.join(name), trustRoot, systemClock.now(), livedBefore);
    const snapshots = new SnapshotStore();
    const events: AuditEvent[] = [];
    const follower: Omit<Follower, 'round'> = {
      state,
      snapshots,
      events,
      prepare: async () => {},
      [Symbol.asyncDispose]: async () => {
        await state[Symbol.asyncDispose]();
        await clone[Symbol.asyncDispose]();
      },
    };
    const loader = new RevisionLoader(clone);
    const rulesAt = async (commit: string) => (await loader.plane(commit)).policySet;
    const round = new PolicyRound({
      clone,
      loader,
      source: new PlainEvidence({ clone, trustRoot, rulesAt }),
      state,
      soleGateway,
      snapshots,
      trustRoot,
      clock,
      recorder: { append: (event) => events.push(event) > 0, record: async (event) => void events.push(event) },
      prepare: (next) => follower.prepare(next),
      limits: acknowledgementProblem,
      hosted: false,
      speaker: speakerOf(name),
    });
    return Object.assign(follower, { round });
  }

  /** The real binary, as a person of the story. */
  as(person: string, ...args: readonly string[]): Promise<Ran> {
    return runSluice([...args, '--repo', this.repo.url, '--key', this.repo.keys[person]!.file], {
      env: { HOME: this.dir.join('home'), XDG_CACHE_HOME: this.dir.join('home', person) },
    });
  }

  /** As `as`, and it has to work. */
  async done(person: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.as(person, ...args);
    if (code !== 0) throw new TypeError(`sluice ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** Asks for payments; returns the grant's name and file. */
  async ask(
    person = 'alice',
    ...more: readonly string[]
  ): Promise<{ name: string; file: string; uid: string; yaml: string }> {
    const wish = ['--stream', 'payments', '--operation', 'consume', '--for', '1h', '--reason', 'INC-1'];
    const out = await this.done(person, 'access', 'request', ...wish, '--format', 'json', ...more);
    return JSON.parse(out) as { name: string; file: string; uid: string; yaml: string };
  }

  /** Asked by alice, signed by bob, merged by bob. */
  async grant(): Promise<{ name: string; file: string; uid: string; yaml: string; merge: string }> {
    const asked = await this.ask();
    await this.done('bob', 'approval', 'sign', asked.name, '--yes');
    return { ...asked, merge: await this.merge(asked.name) };
  }

  async merge(name: string, person = 'bob'): Promise<string> {
    const out = await this.done(person, 'approval', 'merge', name, '--format', 'json');
    return (JSON.parse(out) as { commit: string }).commit;
  }

  /** Tip of the branch, fetched by the hands. */
  async tip(): Promise<string> {
    return (await this.hands.fetch('main')) ?? this.repo.genesis.commit;
  }

  /** A file as it is at a commit, or at the tip. */
  async text(path: string, commit?: string): Promise<string> {
    const entry = (await this.hands.tree(commit ?? (await this.tip()))).find((one) => one.path === path);
    if (!entry) throw new TypeError(`no file ${path}`);
    return (await this.hands.blob(entry.id, 1 << 20)).toString();
  }

  async head(request: string): Promise<string> {
    const found = (await this.hands.fetchAll('refs/heads/request/')).find(([name]) => name === request);
    if (!found) throw new TypeError(`no request ${request}`);
    return found[1];
  }

  /** The statements that wait under refs/sluice/approvals, or that a merge commit carries. */
  async approvals(of: { request: string } | { merge: string }): Promise<readonly SignedStatement[]> {
    await this.tip();
    const ids =
      'merge' in of
        ? [of.merge]
        : (await this.hands.fetchAll('refs/sluice/approvals/'))
            .filter(([ref]) => ref.startsWith(of.request))
            .map(([, id]) => id);
    const commits = await Promise.all(ids.map((id) => this.hands.commit(id)));
    return commits.flatMap((commit) => unpackTrailers(approvalTrailer, commit.message));
  }

  /** Writes a commit; signed when `by` is given. */
  async commit(
    files: Files,
    options: { parents?: readonly string[]; tree?: string; by?: string; message?: string; email?: string } = {},
  ): Promise<string> {
    const parents = options.parents ?? [await this.tip()];
    const tree = options.tree ?? (await this.hands.writeTree(parents[0]!, files));
    const { by } = options;
    const author = { name: by ?? 'x', email: options.email ?? `${by ?? 'x'}@example.com` };
    return this.hands.writeCommit(
      { tree, parents, author, when: systemClock.now(), message: options.message ?? 'change' },
      by === undefined ? undefined : this.repo.keys[by]!.file,
    );
  }

  /** Moves the branch, whatever was there. */
  async push(commit: string | undefined, ref = 'refs/heads/main'): Promise<void> {
    await this.hands.push([{ ref, commit }], { force: true });
  }

  /** A commit straight onto the branch. */
  async direct(files: Files, by?: string): Promise<string> {
    const id = await this.commit(files, { message: 'direct', ...(by === undefined ? {} : { by }) });
    await this.push(id);
    return id;
  }

  /** A request of signed commits that changes files, as the binary opens none. */
  async propose(name: string, files: Files, by = 'alice'): Promise<string> {
    const head = await this.commit(files, { by, message: `propose ${name}` });
    await this.push(head, `refs/heads/request/${name}`);
    return head;
  }

  /** Proposed by alice, signed by olga, merged by bob. */
  async ownersChange(name: string, files: Files): Promise<string> {
    await this.propose(name, files);
    await this.done('olga', 'approval', 'sign', name, '--yes');
    return this.merge(name);
  }

  /** A merge commit as `approval merge` makes it, with anything in it bent; pushed. */
  async forge(bend: {
    head: string;
    by?: string;
    parents?: readonly string[];
    files?: Files;
    tree?: string;
    approvals?: readonly SignedStatement[];
    mergedAt?: number;
    statement?: Partial<Parameters<typeof signStatement>[0]> | 'none';
    push?: boolean;
  }): Promise<string> {
    const base = bend.parents?.[0] ?? (await this.tip());
    const merged = await this.hands.mergeTrees(base, bend.head);
    const tree = bend.tree ?? merged!;
    const keyFile = this.repo.keys[bend.by ?? 'bob']!.file;
    const statement = {
      version: 1 as const,
      repoId: this.repo.genesis.commit,
      branch: 'main',
      base,
      head: bend.head,
      mergedAt: bend.mergedAt ?? systemClock.now(),
      ...(bend.statement === 'none' ? {} : bend.statement),
    };
    const trailers = [
      ...(bend.approvals ?? []).map((signed) => packTrailer(approvalTrailer, signed)),
      ...(bend.statement === 'none'
        ? []
        : [packTrailer(mergeTrailer, await signStatement(statement as never, keyFile))]),
    ];
    const plain = await this.commit({}, { parents: [base], tree });
    const id = await this.commit(bend.files ?? {}, {
      parents: bend.parents ?? [base, bend.head],
      tree: bend.files ? await this.hands.writeTree(plain, bend.files) : tree,
      by: bend.by ?? 'bob',
      message: `Merge\n\n${trailers.join('\n')}`,
    });
    if (bend.push !== false) await this.push(id);
    return id;
  }

  /** git itself on the bare remote. */
  git(...args: readonly string[]): string {
    return execFileSync('git', ['-C', this.repo.url, ...args], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: this.dir.join('home') },
    }).trim();
  }
}

/** What became of the grants, by name: `admitted`, or the refusal. */
export function outcomes({ state }: Pick<Follower, 'state'>): Record<string, string> {
  const { grants, refusals } = state.current;
  return Object.fromEntries([
    ...refusals.flatMap((verdict) => (verdict.kind === 'grant' ? [[verdict.name, verdict.refusal ?? '']] : [])),
    ...Object.values(grants).map(({ grant }) => [grant.name, 'admitted']),
  ]);
}

/** uids of grants in the snapshot that the data path decides by. */
export function live({ snapshots }: Pick<Follower, 'snapshots'>): string[] {
  return [...(snapshots.current?.grants.keys() ?? [])];
}
