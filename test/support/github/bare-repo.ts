/** A real bare repo, worked on by git's plumbing alone: commits from files, and the ways in which GitHub merges. */
import { execFile } from 'node:child_process';
import { devNull } from 'node:os';
import { promisify } from 'node:util';
import { BugError } from '../../../core/errors/sluice-error.ts';

const run = promisify(execFile);

export interface GitPerson {
  readonly name: string;
  readonly email: string;
}

export interface CommitFacts {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: GitPerson & { readonly date: string };
  readonly committer: GitPerson & { readonly date: string };
  readonly message: string;
}

export interface ChangedFile {
  readonly filename: string;
  readonly status: 'added' | 'removed' | 'modified';
  readonly sha: string;
}

/** A commit that cannot be made: both sides changed the same lines. */
export class Conflict extends BugError {}

export class BareRepo {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  static async create(path: string, from?: string): Promise<BareRepo> {
    const made =
      from === undefined ? ['init', '-q', '--bare', '-b', 'main', path] : ['clone', '-q', '--bare', from, path];
    await git(undefined, made);
    const repo = new BareRepo(path);
    // Anybody may fetch a commit that they name, as on GitHub.
    await repo.git('config', 'uploadpack.allowAnySHA1InWant', 'true');
    return repo;
  }

  git(...args: string[]): Promise<string> {
    return git(this.path, args);
  }

  /** undefined when there is none. */
  async tip(ref: string): Promise<string | undefined> {
    return (await this.refs(ref)).get(ref);
  }

  /** Refs at or below `prefix`, with what they point to. */
  async refs(prefix: string): Promise<ReadonlyMap<string, string>> {
    const lines = await this.git('for-each-ref', '--format=%(refname) %(objectname)', prefix);
    return new Map(lines.split('\n').flatMap((line) => (line ? [line.split(' ') as [string, string]] : [])));
  }

  async point(ref: string, commit: string | undefined): Promise<void> {
    await this.git('update-ref', ...(commit === undefined ? ['-d', ref] : [ref, commit]));
  }

  /** A commit with files written over those of its first parent; undefined takes one away. */
  async commit(options: {
    readonly parents: readonly string[];
    readonly files: Readonly<Record<string, string | undefined>>;
    readonly message: string;
    readonly author: GitPerson;
    readonly at: number;
  }): Promise<string> {
    const { parents, files, author, at, message } = options;
    const index = `${this.path}/index-${process.hrtime.bigint()}`;
    const env = { GIT_INDEX_FILE: index };
    await git(this.path, ['read-tree', ...(parents[0] ? [parents[0]] : ['--empty'])], { env });
    const blobs = new Map<string, string>();
    for (const text of new Set(Object.values(files))) {
      if (text !== undefined) blobs.set(text, await git(this.path, ['hash-object', '-w', '--stdin'], { input: text }));
    }
    const lines = Object.entries(files).map(([path, text]) =>
      text === undefined ? `0 ${'0'.repeat(40)}\t${path}` : `100644 ${blobs.get(text)}\t${path}`,
    );
    await git(this.path, ['update-index', '--index-info'], { env, input: `${lines.join('\n')}\n` });
    const tree = await git(this.path, ['write-tree'], { env });
    await run('rm', ['-f', index]);
    return this.commitTree({ tree, parents, message, author, committer: author, at });
  }

  async commitTree(options: {
    readonly tree: string;
    readonly parents: readonly string[];
    readonly message: string;
    readonly author: GitPerson;
    readonly committer: GitPerson;
    readonly at: number;
  }): Promise<string> {
    const { tree, parents, message, author, committer, at } = options;
    const date = `@${Math.floor(at / 1000)} +0000`;
    const env = {
      GIT_AUTHOR_NAME: author.name,
      GIT_AUTHOR_EMAIL: author.email,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: committer.name,
      GIT_COMMITTER_EMAIL: committer.email,
      GIT_COMMITTER_DATE: date,
    };
    const args = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-F', '-'];
    return git(this.path, args, { env, input: `${message}\n` });
  }

  /** Tree of both sides together. */
  async mergedTree(ours: string, theirs: string): Promise<string> {
    try {
      return (await this.git('merge-tree', '--write-tree', '--no-messages', ours, theirs)).split('\n')[0]!;
    } catch (cause) {
      throw new Conflict('the two sides conflict', { cause });
    }
  }

  /** Tree of `onto` with what `commit` changes. The stand-in makes the commit's parent the merge base. */
  async pickedTree(onto: string, { sha, parents }: CommitFacts): Promise<string> {
    const [tree, nobody] = [await this.git('rev-parse', `${onto}^{tree}`), { name: 'nobody', email: 'nobody' }];
    const standIn = await this.commitTree({
      tree,
      parents: parents.slice(0, 1),
      message: 'stand-in',
      author: nobody,
      committer: nobody,
      at: 0,
    });
    return this.mergedTree(standIn, sha);
  }

  async mergeBase(a: string, b: string): Promise<string> {
    return this.git('merge-base', a, b);
  }

  async isAncestor(older: string, newer: string): Promise<boolean> {
    return (await this.git('rev-list', '--max-count=1', older, `^${newer}`)) === '';
  }

  /** Commits of `head` that `base` has not, oldest first. */
  async between(base: string, head: string): Promise<readonly string[]> {
    const text = await this.git('rev-list', '--topo-order', '--reverse', `${base}..${head}`);
    return text === '' ? [] : text.split('\n');
  }

  async facts(sha: string): Promise<CommitFacts> {
    const format = '%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B';
    const text = await this.git('show', '-s', `--format=${format}`, sha);
    const [id, tree, parents, an, ae, aI, cn, ce, cI, message] = text.split('\0') as string[] & { length: 10 };
    return {
      sha: id!,
      tree: tree!,
      parents: parents ? parents.split(' ') : [],
      author: { name: an!, email: ae!, date: new Date(aI!).toISOString() },
      committer: { name: cn!, email: ce!, date: new Date(cI!).toISOString() },
      message: message!.trimEnd(),
    };
  }

  async changed(base: string, head: string): Promise<readonly ChangedFile[]> {
    const text = await this.git('diff-tree', '-r', '--no-renames', base, head);
    const kinds = { A: 'added', D: 'removed' } as Readonly<Record<string, ChangedFile['status']>>;
    return text.split('\n').flatMap((line) => {
      const [facts, filename] = line.split('\t');
      if (filename === undefined) return [];
      const [, , before, after, kind] = facts!.split(' ');
      return [{ filename, status: kinds[kind!] ?? 'modified', sha: kind === 'D' ? before! : after! }];
    });
  }
}

/** Runs git with nothing of the machine's settings; what it prints, without the last line end. */
async function git(
  dir: string | undefined,
  args: readonly string[],
  { env = {}, input }: { env?: Readonly<Record<string, string>>; input?: string } = {},
): Promise<string> {
  const options = {
    env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: devNull, GIT_CONFIG_NOSYSTEM: '1', ...env },
    maxBuffer: 1 << 26,
  };
  const running = run('git', dir === undefined ? args : ['--git-dir', dir, ...args], options);
  running.child.stdin?.on('error', () => {}); // one that failed has stopped reading, and says why
  running.child.stdin?.end(input);
  return (await running).stdout.trimEnd();
}
