import type { SimpleGit } from 'simple-git';
import { SourceError } from '../errors/sluice-error.ts';
import { type Commit, parseCommit } from './commit.ts';
import { git } from './hardened-git.ts';
import { ObjectReader } from './object-reader.ts';

export interface TreeEntry {
  readonly mode: string;
  readonly type: string;
  readonly id: string;
  readonly path: string;
}

/** One path that differs between two trees. An absent side is undefined. */
export interface TreeChange {
  readonly path: string;
  readonly before: { readonly mode: string; readonly id: string } | undefined;
  readonly after: { readonly mode: string; readonly id: string } | undefined;
}

/** The objects of a bare repo, by their ids: what commits hold, and how they follow each other. Asks no remote. */
export class ObjectStore implements AsyncDisposable {
  readonly dir: string;
  readonly #git: SimpleGit;
  #reader: ObjectReader | undefined;

  protected constructor(dir: string, runner: SimpleGit) {
    this.dir = dir;
    this.#git = runner;
  }

  /** The commit id that a ref, tag or abbreviated id names. */
  async resolve(revision: string): Promise<string> {
    try {
      return (
        await git(this.#git, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`)
      ).trim();
    } catch (cause) {
      throw new SourceError('RevisionNotFound', `revision '${revision.slice(0, 80)}' does not exist`, { cause });
    }
  }

  async commit(id: string): Promise<Commit> {
    const object = await this.#objects().read(id);
    if (object.type !== 'commit')
      throw new SourceError('RevisionNotFound', `${id.slice(0, 12)} is a ${object.type}, not a commit`);
    return parseCommit(id, object.body);
  }

  /** The object is here. */
  async has(id: string): Promise<boolean> {
    try {
      await this.#objects().read(id);
      return true;
    } catch (error) {
      if (error instanceof SourceError && error.code === 'RevisionNotFound') return false;
      throw error;
    }
  }

  blob(id: string, cap: number): Promise<Buffer> {
    return this.#objects()
      .read(id, cap)
      .then((object) => object.body);
  }

  /** Every file of a commit's tree. */
  async tree(commit: string): Promise<readonly TreeEntry[]> {
    return treeEntries(await git(this.#git, 'ls-tree', '-r', '-z', '--full-tree', '--end-of-options', commit));
  }

  /** What differs between the trees of two commits, sorted by path; no rename guessing. */
  async changes(from: string, to: string): Promise<readonly TreeChange[]> {
    const out = await git(
      this.#git,
      'diff-tree',
      '-r',
      '-z',
      '--raw',
      '--no-renames',
      '--full-index',
      '--end-of-options',
      from,
      to,
    );
    const fields = out.split('\0').filter(Boolean);
    const changes: TreeChange[] = [];
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const [oldMode, newMode, oldId, newId] = fields[i]!.slice(1).split(' ') as [string, string, string, string];
      changes.push({
        path: fields[i + 1]!,
        before: /^0+$/.test(oldMode) ? undefined : { mode: oldMode, id: oldId },
        after: /^0+$/.test(newMode) ? undefined : { mode: newMode, id: newId },
      });
    }
    return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** The first-parent chain from `tip` back to, but without, `stop`; oldest first. undefined when `stop` is not on it. */
  async firstParents(tip: string, stop: string, cap: number): Promise<readonly string[] | undefined> {
    if (tip === stop) return [];
    const out = await git(
      this.#git,
      'rev-list',
      '--first-parent',
      `--max-count=${cap + 1}`,
      '--end-of-options',
      tip,
      `^${stop}`,
    );
    const chain = lines(out);
    if (chain.length > cap) {
      throw new SourceError('TooMuchHistory', `more than ${cap} commits since the last admitted one`, {
        retry: 'onChange',
      });
    }
    const oldest = chain.at(-1);
    if (!oldest || (await this.commit(oldest)).parents[0] !== stop) return undefined;
    return chain.reverse();
  }

  /** Commits reachable from `tip` and not from `base`, oldest first. */
  async between(base: string, tip: string, cap: number): Promise<readonly string[]> {
    const out = await git(
      this.#git,
      'rev-list',
      '--reverse',
      '--topo-order',
      `--max-count=${cap}`,
      '--end-of-options',
      tip,
      `^${base}`,
    );
    return lines(out);
  }

  /** The first commit of a branch's first-parent chain. */
  async root(tip: string): Promise<string> {
    const out = await git(this.#git, 'rev-list', '--first-parent', '--max-parents=0', '--end-of-options', tip);
    return lines(out).at(-1) ?? tip;
  }

  /** Where two commits parted; undefined when they share no history. */
  async mergeBase(a: string, b: string): Promise<string | undefined> {
    const shared = await git(this.#git, 'rev-list', '--max-parents=0', '--end-of-options', a);
    const roots = lines(await git(this.#git, 'rev-list', '--max-parents=0', '--end-of-options', b));
    if (!roots.some((root) => lines(shared).includes(root))) return undefined;
    return (await git(this.#git, 'merge-base', a, b)).trim();
  }

  async isAncestor(ancestor: string, of: string): Promise<boolean> {
    return (await git(this.#git, 'rev-list', '--max-count=1', '--end-of-options', ancestor, `^${of}`)).trim() === '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader?.[Symbol.asyncDispose]();
    this.#reader = undefined;
  }

  #objects(): ObjectReader {
    this.#reader ??= new ObjectReader(this.dir);
    return this.#reader;
  }
}

/** What `git ls-tree -z` printed; paths without the folder that they are all below. */
export function treeEntries(out: string, folder = ''): TreeEntry[] {
  return out
    .split('\0')
    .filter(Boolean)
    .map((line) => {
      const tab = line.indexOf('\t');
      const [mode, type, id] = line.slice(0, tab).split(' ') as [string, string, string];
      return { mode, type, id, path: line.slice(tab + 1 + folder.length) };
    });
}

export function lines(out: string): string[] {
  return out.split('\n').filter(Boolean);
}
