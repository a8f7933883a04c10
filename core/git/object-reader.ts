import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { SourceError } from '../errors/sluice-error.ts';
import { gitEnvironment, settings } from './hardened-git.ts';

export interface GitObject {
  readonly type: 'blob' | 'commit' | 'tree' | 'tag';
  readonly body: Buffer;
}

interface Wanted {
  readonly id: string;
  readonly cap: number;
  readonly resolve: (object: GitObject) => void;
  readonly reject: (error: SourceError) => void;
}

/** Reads objects of one bare repo through one `git cat-file --batch` process: ids in, bytes out, in order. */
export class ObjectReader implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #wanted: Wanted[] = [];
  #chunks: Buffer[] = [];
  #length = 0;
  #need = 0; // bytes before parsing again makes sense
  /** Bytes of an object over its cap that are still to come: they are read past, and not kept. */
  #skip = 0;
  #ended = false;

  constructor(dir: string) {
    const config = settings.flatMap((setting) => ['-c', setting]);
    this.#child = spawn('git', [...config, '--git-dir', dir, 'cat-file', '--batch'], { env: gitEnvironment() });
    this.#child.stdout.on('data', (data: Buffer) => {
      const past = Math.min(this.#skip, data.length);
      this.#skip -= past;
      const chunk = data.subarray(past);
      if (chunk.length === 0) return;
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      if (this.#length >= this.#need) this.#parse();
    });
    this.#child.stdin.on('error', () => this.#end('git cat-file went away'));
    this.#child.on('error', () => this.#end('git could not be started'));
    this.#child.on('close', () => this.#end('git cat-file ended'));
  }

  /** One object by its full id. Objects larger than `cap` bytes are refused (their bytes are still read past). */
  read(id: string, cap = 64 << 20): Promise<GitObject> {
    return new Promise((resolve, reject) => {
      if (!/^[0-9a-f]{40,64}$/.test(id)) return reject(failure(`'${id.slice(0, 70)}' is not an object id`));
      if (this.#ended) return reject(failure('git cat-file has ended'));
      this.#wanted.push({ id, cap, resolve, reject });
      this.#child.stdin.write(`${id}\n`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin.end();
    await closed;
  }

  #parse(): void {
    let data = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#length);
    for (;;) {
      const newline = data.indexOf(10);
      const want = this.#wanted[0];
      if (newline < 0 || !want) break;
      const [id, type, size] = data.subarray(0, newline).toString('latin1').split(' ');
      if (type === 'missing' || size === undefined) {
        this.#wanted.shift();
        want.reject(
          new SourceError('RevisionNotFound', 'git has no such object', {
            why: `object ${want.id.slice(0, 12)} is missing`,
            retry: 'later',
          }),
        );
        data = data.subarray(newline + 1);
        continue;
      }
      const end = newline + 1 + Number(size);
      if (id === want.id && Number(size) > want.cap) {
        this.#wanted.shift();
        want.reject(
          new SourceError('RepoUnsafe', 'an object is too large', {
            why: `object ${want.id.slice(0, 12)} has ${size} bytes, over the cap of ${want.cap}`,
          }),
        );
        this.#need = 0;
        this.#skip = Math.max(0, end + 1 - data.length);
        data = data.subarray(Math.min(data.length, end + 1));
        continue;
      }
      if (data.length < end + 1) {
        this.#need = end + 1;
        break;
      }
      this.#need = 0;
      this.#wanted.shift();
      if (id !== want.id) want.reject(failure(`git answered ${id?.slice(0, 12)} for ${want.id.slice(0, 12)}`));
      else want.resolve({ type: type as GitObject['type'], body: Buffer.from(data.subarray(newline + 1, end)) });
      data = data.subarray(end + 1);
    }
    this.#chunks = data.length > 0 ? [data] : [];
    this.#length = data.length;
  }

  #end(why: string): void {
    this.#ended = true;
    for (const want of this.#wanted.splice(0)) want.reject(failure(why));
  }
}

function failure(why: string): SourceError {
  return new SourceError('GitFailed', 'git cat-file failed', { why, retry: 'later' });
}
