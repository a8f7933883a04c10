/** A policy repo in a folder of this machine, as the CLI reads it: files as they are, committed or not. */
import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../errors/problem.ts';
import { InputError } from '../errors/sluice-error.ts';
import { type SourceFile, sourceLimits } from '../load/source-file.ts';
import { unsafePath } from './policy-tree.ts';

export interface SurveyedFolder {
  /** Every YAML file that could be read, sorted by path; hidden folders and node_modules are left out. */
  readonly files: readonly SourceFile[];
  /** What could not be read, and what the gateway would refuse to read: links, and what is no regular file. */
  readonly problems: readonly Problem[];
}

/**
 * Reads the folder, going on after what cannot be read. Ends one file after the most that a repo may hold, and with an
 * InputError only when `root` itself is no folder. Reads one file after the other without a promise each: a large repo
 * takes a third of the time so.
 */
export function surveyFolder(root: string): SurveyedFolder {
  const top = topOf(root);
  const files: SourceFile[] = [];
  const problems: Problem[] = [];
  const queue = [''];
  for (let folder = queue.shift(); folder !== undefined; folder = queue.shift()) {
    for (const entry of list(top, folder, problems)) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const path = `${folder}${entry.name}`;
      if (entry.isSymbolicLink()) {
        problems.push(unreadable(path, 'it is a link, and the gateway reads none', 'put the file itself there'));
      } else if (entry.isDirectory()) queue.push(`${path}/`);
      else if (/\.ya?ml$/.test(entry.name)) {
        const read = readRegular(join(top, path), path);
        if ('bytes' in read) files.push(read);
        else problems.push(read);
      }
      if (files.length > sourceLimits.files) return { files, problems };
    }
  }
  const unsafe = unsafePath(files.map(({ path }) => ({ path, mode: '100644', type: 'blob', id: '' })));
  if (unsafe)
    problems.push(problem('schema/unsafe-path', unsafe.path, unsafe.why, 'rename it: the gateway reads none so'));
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), problems };
}

/** The files of a folder that has to be read whole; the first problem of `surveyFolder` ends it with an InputError. */
export async function readFolder(root: string): Promise<readonly SourceFile[]> {
  const { files, problems } = surveyFolder(root);
  const [first] = problems;
  if (!first) return files;
  const { message, fix = '', at } = first;
  throw new InputError('FileUnreadable', `cannot read ${at.file}`, { why: message, fix, at: at.file });
}

function topOf(root: string): string {
  const cannot = (why: string, cause?: unknown): InputError =>
    new InputError('FileUnreadable', `cannot read ${root}`, { why, at: root, cause });
  let top: string;
  try {
    top = realpathSync(root);
    readdirSync(top);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw cannot('there is no such folder', cause);
    throw cannot(code === 'ENOTDIR' ? 'it is not a folder' : `it cannot be listed (${code})`, cause);
  }
  return top;
}

function list(top: string, folder: string, problems: Problem[]): ReturnType<typeof entries> {
  try {
    return entries(join(top, folder));
  } catch (error) {
    problems.push(failed(folder, error));
    return [];
  }
}

function entries(folder: string) {
  return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Opened first and looked at then, so that no other file takes its place between; a FIFO does not hold it up. */
function readRegular(full: string, path: string): SourceFile | Problem {
  let file: number | undefined;
  try {
    file = openSync(full, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stat = fstatSync(file);
    if (!stat.isFile()) return unreadable(path, 'it is not a regular file', 'remove it, or call it otherwise');
    if (stat.size > sourceLimits.fileBytes) {
      return problem('yaml/too-large', path, `the file has ${stat.size} bytes`, 'split it: 1 MiB is the most');
    }
    return { path, bytes: readFileSync(file) };
  } catch (error) {
    return failed(path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function failed(path: string, error: unknown): Problem {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return unreadable(path, 'it went away while the folder was read', 'run it again');
  if (code === 'EACCES' || code === 'EPERM') return unreadable(path, 'you may not read it', 'change its permissions');
  return unreadable(path, `reading it failed (${code})`, 'look at the file');
}

function unreadable(path: string, message: string, fix: string): Problem {
  return problem('schema/unreadable', path, message, fix);
}

function problem(rule: string, path: string, message: string, fix: string): Problem {
  return { rule, severity: 'error', message, fix, at: { file: path, line: 1, column: 1 } };
}
