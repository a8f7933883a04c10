import type { SimpleGit } from 'simple-git';
import { InputError, SourceError } from '../errors/sluice-error.ts';
import { git, hardenedGit } from './hardened-git.ts';
import { ObjectReader } from './object-reader.ts';
import { type TreeEntry, treeEntries } from './object-store.ts';

/**
 * A folder in somebody's own git repo, read at any revision: objects only, by their ids, never the index or a hook. For
 * what a person asks about their checkout; what a gateway trusts comes from its own clone.
 */
export class LocalRepo implements AsyncDisposable {
  readonly #git: SimpleGit;
  readonly #reader: ObjectReader;
  /** Path of the folder in the repo, `''` or with a `/` at its end. */
  readonly #prefix: string;

  private constructor(runner: SimpleGit, gitDir: string, prefix: string) {
    this.#git = runner;
    this.#reader = new ObjectReader(gitDir);
    this.#prefix = prefix;
  }

  /** Opens the repo that a folder of this machine is in. */
  static async open(folder: string): Promise<LocalRepo> {
    const runner = hardenedGit(folder);
    try {
      const gitDir = (await git(runner, 'rev-parse', '--absolute-git-dir')).trim();
      const prefix = (await git(runner, 'rev-parse', '--show-prefix')).trim();
      return new LocalRepo(runner, gitDir, prefix);
    } catch (cause) {
      const why = cause instanceof SourceError ? cause.why : undefined;
      throw new InputError('FileUnreadable', `${folder} is not in a git repo that can be read`, {
        ...(why === undefined ? {} : { why }),
        fix: 'name a folder of a clone',
        at: folder,
        cause,
      });
    }
  }

  /** The commit id that a ref, tag or abbreviated id names; undefined when it names none. */
  async find(revision: string): Promise<string | undefined> {
    try {
      const wanted = `${revision}^{commit}`;
      return (await git(this.#git, 'rev-parse', '--verify', '--quiet', '--end-of-options', wanted)).trim();
    } catch {
      return undefined;
    }
  }

  async resolve(revision: string): Promise<string> {
    const commit = await this.find(revision);
    if (commit !== undefined) return commit;
    throw new SourceError('RevisionNotFound', `revision '${revision.slice(0, 80)}' does not exist`, {
      fix: 'fetch it, or name another; a shallow clone has no history: fetch it whole',
    });
  }

  /** Where two commits parted; undefined when they share no history here. */
  async mergeBase(a: string, b: string): Promise<string | undefined> {
    try {
      return (await git(this.#git, 'merge-base', a, b)).trim();
    } catch {
      return undefined;
    }
  }

  /** Every file of the folder at a commit, paths below the folder; none when the commit has no such folder. */
  async tree(commit: string): Promise<readonly TreeEntry[]> {
    const args = ['-r', '-z', '--full-tree', '--end-of-options', commit];
    const out = await git(this.#git, 'ls-tree', ...args, ...(this.#prefix === '' ? [] : [this.#prefix]));
    return treeEntries(out, this.#prefix);
  }

  blob(id: string, cap: number): Promise<Buffer> {
    return this.#reader.read(id, cap).then((object) => object.body);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#reader[Symbol.asyncDispose]();
  }
}
