import { SourceError } from '../errors/sluice-error.ts';

export interface GitPerson {
  readonly name: string;
  readonly email: string;
  /** Epoch ms, as claimed by whoever made the commit. */
  readonly when: number;
}

/** A commit object, taken apart. Everything in it is a claim, except what `signature` covers. */
export interface Commit {
  readonly id: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: GitPerson;
  readonly committer: GitPerson;
  /** Armoured SSH (or PGP) signature from the gpgsig header; undefined when there is none, or more than one. */
  readonly signature: string | undefined;
  /** The bytes that the signature is over: the object without the gpgsig header. */
  readonly payload: Buffer;
  readonly message: string;
}

const ordered = new Set(['tree', 'parent', 'author', 'committer']);
const person = /^(.*) <([^<>]*)> (\d{1,12}) [+-]\d{4}$/;

/** Parses the body of a commit object (git's own format: header lines, blank line, message). */
export function parseCommit(id: string, body: Buffer): Commit {
  const headerEnd = body.indexOf('\n\n');
  if (headerEnd < 0) throw damaged(id, 'no message');
  const header = body.subarray(0, headerEnd).toString('utf8').split('\n');
  const kept: string[] = [];
  const signature: string[] = [];
  let signatures = 0;
  const parents: string[] = [];
  let tree: string | undefined;
  let author: GitPerson | undefined;
  let committer: GitPerson | undefined;
  let inSignature = false;
  for (const line of header) {
    if (line.startsWith(' ')) {
      (inSignature ? signature : kept).push(inSignature ? line.slice(1) : line);
      continue;
    }
    const space = line.indexOf(' ');
    const key = line.slice(0, space);
    const value = line.slice(space + 1);
    inSignature = key === 'gpgsig' || key === 'gpgsig-sha256';
    if (inSignature) {
      signatures++;
      signature.push(value);
      continue;
    }
    kept.push(line);
    // git reads these four in this order and takes any later one for an unknown header: so must we, or see other parents.
    if (key === 'tree' && tree === undefined) tree = value;
    else if (key === 'parent' && tree && !author) parents.push(value);
    else if (key === 'author' && tree && !author) author = parsePerson(id, value);
    else if (key === 'committer' && author && !committer) committer = parsePerson(id, value);
    else if (!committer || ordered.has(key)) throw damaged(id, `unexpected header '${key.slice(0, 20)}'`);
  }
  if (!tree || !author || !committer) throw damaged(id, 'a header is missing');
  return {
    id,
    tree,
    parents,
    author,
    committer,
    signature: signatures === 1 ? `${signature.join('\n')}\n` : undefined,
    payload: Buffer.concat([Buffer.from(kept.join('\n')), body.subarray(headerEnd)]),
    message: body.subarray(headerEnd + 2).toString('utf8'),
  };
}

/** A commit that is to be written. */
export interface NewCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: { readonly name: string; readonly email: string };
  /** Epoch ms. */
  readonly when: number;
  readonly message: string;
}

/** The text of a commit object, ready to sign and to write. */
export function formatCommit(commit: NewCommit): string {
  const who = `${clean(commit.author.name)} <${clean(commit.author.email)}> ${Math.floor(commit.when / 1000)} +0000`;
  const parents = commit.parents.map((parent) => `parent ${parent}\n`).join('');
  return `tree ${commit.tree}\n${parents}author ${who}\ncommitter ${who}\n\n${commit.message.trimEnd()}\n`;
}

/** Puts an armoured signature where git looks for it. */
export function withSignature(commit: string, signature: string): string {
  const end = commit.indexOf('\n\n');
  return `${commit.slice(0, end)}\ngpgsig ${signature.trimEnd().replaceAll('\n', '\n ')}${commit.slice(end)}`;
}

function clean(text: string): string {
  return text.replaceAll(/[<>\n\0]/g, '').trim() || 'unknown';
}

function parsePerson(id: string, text: string): GitPerson {
  const match = person.exec(text);
  if (!match) throw damaged(id, 'an author or committer line does not parse');
  return { name: match[1]!, email: match[2]!, when: Number(match[3]) * 1000 };
}

function damaged(id: string, why: string): SourceError {
  return new SourceError('RepoUnsafe', `commit ${id.slice(0, 12)} is not a plain commit`, { why });
}
