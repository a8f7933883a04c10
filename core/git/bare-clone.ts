import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SimpleGit } from 'simple-git';
import { SourceError } from '../errors/sluice-error.ts';
import { type Commit, formatCommit, parseCommit, withSignature } from './commit.ts';
import { git, hardenedGit, isDenied, isLoopbackHttp } from './hardened-git.ts';
import { ObjectReader } from './object-reader.ts';
import { type TokenSource, withToken } from './shown-token.ts';
import { signSsh } from './ssh-signature.ts';

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

const branchRef = (branch: string): string => `refs/heads/${branch}`;
const trackedRef = (branch: string): string => `refs/sluice/remote/${branch}`;
const branchName = /^(?!.*(?:\.\.|\/\/|@\{|\.lock(?:\/|$)))[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$/;

const fetching = ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'] as const;

export interface CloneOptions {
  readonly signal?: AbortSignal;
  /** What git shows the forge over https. */
  readonly token?: TokenSource | undefined;
}

/**
 * A bare clone of our own, one explicit refspec a fetch, never a work tree. Only objects are trusted, by their ids:
 * refs/replace, grafts, alternates and shallow files are refused when they turn up.
 */
export class BareClone implements AsyncDisposable {
  readonly dir: string;
  readonly #git: SimpleGit;
  readonly #options: CloneOptions & { readonly http: boolean };
  #reader: ObjectReader | undefined;

  private constructor(dir: string, url: string, { signal, token }: CloneOptions) {
    this.dir = dir;
    const http = isLoopbackHttp(url);
    const asks = token && /^https?:\/\//.test(url);
    this.#options = { http, ...(signal ? { signal } : {}), ...(asks ? { token } : {}) };
    this.#git = hardenedGit(dir, { http, ...(signal ? { signal } : {}) });
  }

  /** Opens the clone in `dir`, or makes an empty one; `url` is where it fetches from and pushes to. */
  static async open(dir: string, url: string, options: CloneOptions = {}): Promise<BareClone> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const clone = new BareClone(dir, url, options);
    if (!existsSync(join(dir, 'HEAD'))) await git(clone.#git, 'init', '--quiet', '--bare', '--template=', '.');
    await writeFile(
      join(dir, 'config'),
      `[core]\n\trepositoryformatversion = 0\n\tbare = true\n[remote "origin"]\n\turl = ${JSON.stringify(url)}\n`,
    );
    await clone.assertPlain();
    return clone;
  }

  /** Fetches one branch and returns its tip; undefined when the remote has no such branch. */
  fetch(branch: string): Promise<string | undefined> {
    assertBranch(branch);
    return this.#fetch(branchRef(branch), trackedRef(branch));
  }

  /** Fetches the head of a forge's pull request, merged or not; undefined when the forge keeps none. */
  fetchPull(number: number): Promise<string | undefined> {
    return this.#fetch(`refs/pull/${number}/head`, `refs/sluice/pull/${number}`);
  }

  /** Fetches one ref of the remote by its full name, and keeps none for it; undefined when it is gone. One at a time. */
  fetchOne(ref: string): Promise<string | undefined> {
    assertBranch(ref);
    return this.#fetch(ref, 'refs/sluice/looked-at');
  }

  /** Refs of the remote that match a pattern such as `refs/heads/request/*`, with what they are at; fetches nothing. */
  async remoteRefs(pattern: string): Promise<readonly (readonly [string, string])[]> {
    const out = await this.#ask('ls-remote', '--quiet', '--refs', 'origin', pattern);
    return lines(out).map((line) => {
      const [id, ref] = line.split('\t') as [string, string];
      return [ref, id] as const;
    });
  }

  async #fetch(from: string, to: string): Promise<string | undefined> {
    try {
      await this.#ask(...fetching, 'origin', `+${from}:${to}`);
    } catch (error) {
      if (error instanceof SourceError && /couldn't find remote ref/.test(error.why ?? '')) return undefined;
      throw error;
    }
    await this.assertPlain();
    return this.resolve(to);
  }

  /**
   * Fetches every ref of the remote that starts with `prefix` (`refs/heads/request/`); returns [short name, tip] pairs.
   * What git does not let in, such as a commit that is none, is left out.
   */
  async fetchAll(prefix: string): Promise<readonly (readonly [string, string])[]> {
    const to = `refs/sluice/remote-${prefix.replaceAll('/', '-')}`;
    let alone: ReadonlyMap<string, string> | undefined;
    try {
      await this.#ask(...fetching, '--prune', 'origin', `+${prefix}*:${to}/*`);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      alone = new Map((await this.remoteRefs(`${prefix}*`)).map(([ref, id]) => [ref.slice(prefix.length), id]));
      for (const name of alone.keys()) {
        await this.#ask(...fetching, 'origin', `+${prefix}${name}:${to}/${name}`).catch((one: unknown) => {
          if (!(one instanceof SourceError)) throw one;
        });
      }
    }
    const out = await git(this.#git, 'for-each-ref', '--format=%(refname) %(objectname)', `${to}/`);
    return lines(out)
      .map((line) => {
        const [ref, id] = line.split(' ') as [string, string];
        return [ref.slice(to.length + 1), id] as const;
      })
      .filter(([name, id]) => alone === undefined || alone.get(name) === id);
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
    const out = await git(this.#git, 'ls-tree', '-r', '-z', '--full-tree', '--end-of-options', commit);
    return out
      .split('\0')
      .filter(Boolean)
      .map((line) => {
        const tab = line.indexOf('\t');
        const [mode, type, id] = line.slice(0, tab).split(' ') as [string, string, string];
        return { mode, type, id, path: line.slice(tab + 1) };
      });
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

  /** Writes a tree: the one of `base` with some files put in, replaced (text) or taken out (undefined). Returns its id. */
  async writeTree(base: string, files: Readonly<Record<string, string | undefined>>): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-tree-'));
    try {
      const runner = hardenedGit(this.dir, {
        env: { GIT_INDEX_FILE: join(dir, 'index'), GIT_DIR: this.dir, GIT_WORK_TREE: dir },
      });
      await git(runner, 'read-tree', base);
      for (const [path, text] of Object.entries(files)) {
        if (text === undefined) await git(runner, 'update-index', '--force-remove', '--', path);
        else
          await git(
            runner,
            'update-index',
            '--add',
            '--cacheinfo',
            `100644,${await this.#writeObject('blob', text)},${path}`,
          );
      }
      return (await git(runner, 'write-tree')).trim();
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }

  /** The tree of a clean three-way merge of two commits; undefined when they conflict. */
  async mergeTrees(ours: string, theirs: string): Promise<string | undefined> {
    try {
      return lines(await git(this.#git, 'merge-tree', '--write-tree', ours, theirs))[0];
    } catch {
      return undefined;
    }
  }

  /** Writes a commit, signed when a key is given (namespace `git`, as `git commit -S` with gpg.format=ssh does). */
  async writeCommit(commit: Parameters<typeof formatCommit>[0], signingKey: string | undefined): Promise<string> {
    const text = formatCommit(commit);
    const signed = signingKey ? withSignature(text, await signSsh(Buffer.from(text), 'git', signingKey)) : text;
    return this.#writeObject('commit', signed);
  }

  /** Pushes commits to refs, all or none; a ref that has moved from `expected` (if given) refuses. Dry: asks whether it could. */
  async push(
    refs: readonly { ref: string; commit: string | undefined; expected?: string }[],
    options: { readonly force?: boolean; readonly dryRun?: boolean } = {},
  ): Promise<void> {
    const leases = refs.filter((r) => r.expected !== undefined).map((r) => `--force-with-lease=${r.ref}:${r.expected}`);
    await this.#ask(
      'push',
      '--quiet',
      '--atomic',
      ...leases,
      ...(options.force ? ['--force'] : []),
      ...(options.dryRun ? ['--dry-run'] : []),
      'origin',
      ...refs.map((r) => `${r.commit ?? ''}:${r.ref}`),
    );
  }

  /** Refuses what could make an id show other content, or history look shorter than it is. */
  async assertPlain(): Promise<void> {
    for (const file of ['shallow', 'info/grafts', 'objects/info/alternates', 'objects/info/http-alternates']) {
      if (existsSync(join(this.dir, file)) && (await stat(join(this.dir, file))).size > 0) {
        throw new SourceError('RepoUnsafe', `the clone has a file ${file}`, {
          why: 'it makes git show other objects or a shorter history than the remote has',
          fix: `remove ${this.dir} and let it be cloned again`,
        });
      }
    }
    const replaced =
      existsSync(join(this.dir, 'refs/replace')) || (await packedRefs(this.dir)).includes(' refs/replace/');
    if (replaced) throw new SourceError('RepoUnsafe', 'the clone has replace refs', { fix: `remove ${this.dir}` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader?.[Symbol.asyncDispose]();
    this.#reader = undefined;
  }

  /** Runs a command that speaks with the remote, and shows it the token. */
  #ask(...args: string[]): Promise<string> {
    const runner = (token: string | undefined): SimpleGit =>
      token === undefined ? this.#git : hardenedGit(this.dir, { ...this.#options, token });
    return withToken(this.#options.token, (token) => git(runner(token), ...args), isDenied);
  }

  #objects(): ObjectReader {
    this.#reader ??= new ObjectReader(this.dir);
    return this.#reader;
  }

  async #writeObject(type: 'blob' | 'commit', text: string): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-object-'));
    try {
      await writeFile(join(dir, 'object'), text);
      return (await git(this.#git, 'hash-object', '-w', '--no-filters', '-t', type, '--', join(dir, 'object'))).trim();
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }
}

async function packedRefs(dir: string): Promise<string> {
  return existsSync(join(dir, 'packed-refs')) ? readFile(join(dir, 'packed-refs'), 'utf8') : '';
}

function assertBranch(branch: string): void {
  if (!branchName.test(branch)) {
    throw new SourceError('RevisionNotFound', `'${branch.slice(0, 80)}' is not a branch name that Sluice accepts`);
  }
}

function lines(out: string): string[] {
  return out.split('\n').filter(Boolean);
}
