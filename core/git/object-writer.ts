import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SimpleGit } from 'simple-git';
import { formatCommit, type NewCommit, withSignature } from './commit.ts';
import { git, hardenedGit } from './hardened-git.ts';
import { lines } from './object-store.ts';
import { signSsh } from './ssh-signature.ts';

/** Writes objects of a bare repo, without a work tree. Nothing refers to them until somebody pushes them. */
export class ObjectWriter {
  readonly #dir: string;
  readonly #git: SimpleGit;

  constructor(dir: string, runner: SimpleGit) {
    this.#dir = dir;
    this.#git = runner;
  }

  /** Writes a tree: the one of `base` with some files put in, replaced (text) or taken out (undefined). Returns its id. */
  async tree(base: string, files: Readonly<Record<string, string | undefined>>): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-tree-'));
    try {
      const runner = hardenedGit(this.#dir, {
        env: { GIT_INDEX_FILE: join(dir, 'index'), GIT_DIR: this.#dir, GIT_WORK_TREE: dir },
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
            `100644,${await this.#object('blob', text)},${path}`,
          );
      }
      return (await git(runner, 'write-tree')).trim();
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }

  /** Writes the tree of a clean three-way merge of two commits; undefined when they conflict. */
  async merged(ours: string, theirs: string): Promise<string | undefined> {
    try {
      return lines(await git(this.#git, 'merge-tree', '--write-tree', ours, theirs))[0];
    } catch {
      return undefined;
    }
  }

  /** Writes a commit, signed when a key is given (namespace `git`, as `git commit -S` with gpg.format=ssh does). */
  async commit(commit: NewCommit, signingKey: string | undefined): Promise<string> {
    const text = formatCommit(commit);
    const signed = signingKey ? withSignature(text, await signSsh(Buffer.from(text), 'git', signingKey)) : text;
    return this.#object('commit', signed);
  }

  async #object(type: 'blob' | 'commit', text: string): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-object-'));
    try {
      await writeFile(join(dir, 'object'), text);
      return (await git(this.#git, 'hash-object', '-w', '--no-filters', '-t', type, '--', join(dir, 'object'))).trim();
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }
}
