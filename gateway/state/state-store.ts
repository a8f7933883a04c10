import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { KeptEvidence } from '../../core/admission/kept-evidence.ts';
import { lockFolder, type WriterLock } from '../../core/audit/writer-lock.ts';
import { SourceError } from '../../core/errors/sluice-error.ts';
import type { AdmittedGrant, Tombstone } from '../../core/model/right.ts';
import type { TrustRoot } from '../../core/model/trust-root.ts';
import type { GrantVerdict, PolicyVerdict, Refusal } from '../../core/model/verdict.ts';

/** A broker user of ours that could not be removed yet. */
export interface CleanupDebt {
  readonly cluster: string;
  readonly user: string;
  readonly since: number;
}

/** An emergency that was admitted, and the review it has to have. */
export interface Emergency {
  readonly name: string;
  readonly subject: string;
  readonly policy: string;
  /** SHA-256 (hex) of its document: the one that is to be reviewed. */
  readonly content: string;
  /** Groups that are told. */
  readonly notify: readonly string[];
  readonly admittedAt: number;
  /** Epoch ms. */
  readonly reviewBy: number;
  readonly reviewed: { readonly by: readonly string[]; readonly at: number; readonly commit: string } | undefined;
}

/** A grant that was admitted, with why. */
export interface AdmittedEntry {
  readonly grant: AdmittedGrant;
  readonly verdict: GrantVerdict;
  /** What it was judged on, and the commit of the rules; undefined for an emergency, which its signature proves. */
  readonly evidence?: KeptEvidence;
  readonly rules?: string;
}

/** A refusal. Of a grant, `rules`: the commit of the rules it was judged under; `gone`: its document was missing since. */
export type KeptRefusal = (GrantVerdict | PolicyVerdict) & { readonly rules?: string; readonly gone?: boolean };

/** What the gateway must never forget. Plain JSON. */
export interface GatewayState {
  readonly version: 1;
  /** Names the repo; state of another repo is never used. */
  readonly repoId: string;
  /** The last commit whose rules are in force. */
  readonly admittedCommit: string;
  /** The last commit of the branch that was judged. */
  readonly judgedCommit: string;
  /** Why nothing is judged before the owners sign a baseline; undefined when this is the gateway's own memory. */
  readonly lost: string | undefined;
  /** Where owners had judging begin: approvals from before, and uids that were in the repo then, count for nothing new. */
  readonly baseline: { readonly at: number; readonly uids: readonly string[] } | undefined;
  /** A refused change of the rules that was not taken back yet: rules stay as they were admitted. */
  readonly frozen: { readonly commit: string; readonly refusal: Refusal; readonly message: string } | undefined;
  /** Every grant ever admitted, by uid: a uid is admitted once. */
  readonly grants: Readonly<Record<string, AdmittedEntry>>;
  /** Emergencies among them, by uid. */
  readonly emergencies: Readonly<Record<string, Emergency>>;
  /** uids whose Grant document was deleted: they end there, for good. */
  readonly deletedGrants: readonly string[];
  /** The newest refusals, for status and explain. */
  readonly refusals: readonly KeptRefusal[];
  readonly tombstones: readonly Tombstone[];
  /** Epoch ms of the latest admitted merge: a later step cannot have been merged before it. */
  readonly lastMergedAt: number;
  /** Digest of each admitted change of the rules, with the epoch ms of its merge: approvals from before are used up. */
  readonly policyMerges: Readonly<Record<string, number>>;
  readonly debts: readonly CleanupDebt[];
}

type StateRoot = Pick<TrustRoot, 'repoId'> & { readonly genesis: Pick<TrustRoot['genesis'], 'commit'> };

/**
 * The gateway's own memory: one JSON file, replaced whole, durable before `update` resolves. One gateway at a time
 * holds the folder. Not the audit log, never pruned.
 */
export class StateStore implements AsyncDisposable {
  readonly #file: string;
  readonly #lock: WriterLock;
  #state: GatewayState;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, lock: WriterLock, state: GatewayState) {
    this.#file = file;
    this.#lock = lock;
    this.#state = state;
  }

  /**
   * Opens the folder's state, or begins one at the genesis commit when there is none. `livedBefore`: something else tells
   * that this gateway has judged before, so a state that is not there was lost, and with it what was revoked.
   */
  static async open(dir: string, root: StateRoot, now: number, livedBefore = false): Promise<StateStore> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const lock = lockState(dir, now);
    try {
      const file = join(dir, 'state.json');
      const lost = 'this gateway has recordings, and no state that says what it admitted and what was revoked';
      const state = existsSync(file)
        ? await read(file, root)
        : { ...beginning(root), lost: livedBefore ? lost : undefined };
      const store = new StateStore(file, lock, state);
      await store.update((same) => ({ ...same }));
      return store;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get current(): GatewayState {
    return this.#state;
  }

  /**
   * Applies a change; resolves when it is on the disk. Changes are applied in the order of their calls; one that gives
   * the same state back writes nothing.
   */
  update(change: (state: GatewayState) => GatewayState): Promise<void> {
    const run = this.#writing.then(async () => {
      const next = change(this.#state);
      if (next === this.#state) return;
      await replace(this.#file, `${JSON.stringify(next, null, 1)}\n`);
      this.#state = next;
    });
    this.#writing = run.catch(() => {});
    return run;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
    this.#lock.release();
  }
}

function beginning({ repoId, genesis }: StateRoot): GatewayState {
  return {
    version: 1,
    repoId,
    admittedCommit: genesis.commit,
    judgedCommit: genesis.commit,
    lost: undefined,
    baseline: undefined,
    frozen: undefined,
    grants: {},
    emergencies: {},
    deletedGrants: [],
    refusals: [],
    tombstones: [],
    lastMergedAt: 0,
    policyMerges: {},
    debts: [],
  };
}

/** The lock is the one of the recordings; its words are not. */
function lockState(dir: string, now: number): WriterLock {
  try {
    return lockFolder(dir, now);
  } catch (cause) {
    throw new SourceError('StateUnusable', 'the state folder is in use', {
      why: 'another gateway process writes into it',
      at: dir,
      fix: 'give each gateway its own state.dir, or stop the other one',
      cause,
    });
  }
}

async function read(file: string, root: StateRoot): Promise<GatewayState> {
  const { repoId } = root;
  let state: GatewayState;
  try {
    const { lastMergedAt, policyMerges, emergencies } = beginning(root); // fields that came later
    state = {
      lastMergedAt,
      policyMerges,
      emergencies,
      ...(JSON.parse(await readFile(file, 'utf8')) as object),
    } as GatewayState;
  } catch (cause) {
    throw unusable(file, 'the file does not parse', cause);
  }
  if (!isWhole(state)) throw unusable(file, 'its format is not known');
  if (state.repoId !== repoId)
    throw unusable(file, `it belongs to the repo ${String(state.repoId).slice(0, 12)}, not ${repoId.slice(0, 12)}`);
  return state;
}

const commitId = /^[0-9a-f]{40,64}$/;
/** A forge's number, or a genesis commit. */
const repoName = /^(?:[0-9a-f]{40,64}|[1-9][0-9]{0,15})$/;

/** Shallow, but enough that a file of something else, or a cut one, is never taken for a gateway that forgot. */
function isWhole(state: GatewayState): boolean {
  const { grants, emergencies, deletedGrants, tombstones, refusals, debts, policyMerges, lastMergedAt } = state;
  return (
    state.version === 1 &&
    commitId.test(state.admittedCommit) &&
    commitId.test(state.judgedCommit) &&
    [deletedGrants, tombstones, refusals, debts].every(Array.isArray) &&
    [grants, emergencies, policyMerges].every(
      (map) => typeof map === 'object' && map !== null && !Array.isArray(map),
    ) &&
    repoName.test(state.repoId) &&
    Object.values(grants).every(({ grant }) => Number.isFinite(grant?.start) && Number.isFinite(grant?.end)) &&
    tombstones.every(({ target, seenAt }) => typeof target === 'object' && Number.isFinite(seenAt)) &&
    Number.isFinite(lastMergedAt)
  );
}

async function replace(file: string, text: string): Promise<void> {
  const draft = `${file}.draft`;
  const handle = await open(draft, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  const folder = await open(dirname(file), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function unusable(file: string, why: string, cause?: unknown): SourceError {
  return new SourceError('StateUnusable', 'the state of this gateway cannot be used', {
    why,
    at: file,
    fix: 'restore it from a backup; without it, revoked and used grants cannot be told from new ones',
    cause,
  });
}
