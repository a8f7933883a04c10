import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SimpleGit } from 'simple-git';
import { SourceError } from '../errors/sluice-error.ts';
import type { NewCommit } from './commit.ts';
import { git, hardenedGit, isDenied, isLoopbackHttp } from './hardened-git.ts';
import { lines, ObjectStore } from './object-store.ts';
import { ObjectWriter } from './object-writer.ts';
import { type TokenSource, withToken } from './shown-token.ts';

export type { TreeChange, TreeEntry } from './object-store.ts';

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
 * A bare clone of our own, with what is exchanged with its remote: one explicit refspec a fetch, never a work tree. Only objects are trusted, by their ids:
 * refs/replace, grafts, alternates and shallow files are refused when they turn up.
 */
export class BareClone extends ObjectStore {
  readonly #git: SimpleGit;
  readonly #options: CloneOptions & { readonly http: boolean };
  readonly #writer: ObjectWriter;

  private constructor(dir: string, url: string, { signal, token }: CloneOptions) {
    const http = isLoopbackHttp(url);
    const runner = hardenedGit(dir, { http, ...(signal ? { signal } : {}) });
    super(dir, runner);
    const asks = token && /^https?:\/\//.test(url);
    this.#options = { http, ...(signal ? { signal } : {}), ...(asks ? { token } : {}) };
    this.#git = runner;
    this.#writer = new ObjectWriter(dir, runner);
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

  /** Writes a tree: the one of `base` with some files put in, replaced (text) or taken out (undefined). Returns its id. */
  writeTree(base: string, files: Readonly<Record<string, string | undefined>>): Promise<string> {
    return this.#writer.tree(base, files);
  }

  /** Writes the tree of a clean three-way merge of two commits; undefined when they conflict. */
  mergeTrees(ours: string, theirs: string): Promise<string | undefined> {
    return this.#writer.merged(ours, theirs);
  }

  /** Writes a commit, signed when a key is given (namespace `git`, as `git commit -S` with gpg.format=ssh does). */
  writeCommit(commit: NewCommit, signingKey: string | undefined): Promise<string> {
    return this.#writer.commit(commit, signingKey);
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

  /** Runs a command that speaks with the remote, and shows it the token. */
  #ask(...args: string[]): Promise<string> {
    const runner = (token: string | undefined): SimpleGit =>
      token === undefined ? this.#git : hardenedGit(this.dir, { ...this.#options, token });
    return withToken(this.#options.token, (token) => git(runner(token), ...args), isDenied);
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
