/** A policy repo in a folder of this machine, as the CLI reads it: files as they are, committed or not. */
import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { InputError } from '../errors/sluice-error.ts';
import { type SourceFile, sourceLimits } from '../load/source-file.ts';

/**
 * Every YAML file below `root`, sorted by path; hidden folders and node_modules are left out. A link that leads out of the folder, a file over
 * 1 MiB or more than 50,000 files end it with an InputError: the gateway would refuse them too.
 */
export async function readFolder(root: string): Promise<SourceFile[]> {
  let top: string;
  try {
    top = await realpath(root);
    if (!(await lstat(top)).isDirectory()) throw unreadable(root, 'it is not a folder');
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw unreadable(root, 'there is no such folder', error);
  }
  const files: SourceFile[] = [];
  const queue = [top];
  for (let folder = queue.shift(); folder !== undefined; folder = queue.shift()) {
    const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const full = join(folder, entry.name);
      const path = relative(top, full).split(sep).join('/');
      if (entry.isSymbolicLink()) await refuseOutside(top, full, path);
      if (entry.isDirectory()) queue.push(full);
      else if (!/\.ya?ml$/.test(entry.name)) continue;
      else {
        if (!entry.isFile() && !entry.isSymbolicLink()) throw unreadable(path, 'it is not a regular file');
        files.push({ path, bytes: await readCapped(full, path) });
      }
      if (files.length > sourceLimits.files) {
        throw unreadable(root, `it holds more than ${sourceLimits.files} YAML files`);
      }
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function refuseOutside(top: string, full: string, path: string): Promise<void> {
  let target: string;
  try {
    target = await realpath(full);
  } catch (error) {
    throw unreadable(path, 'it is a link that leads nowhere', error);
  }
  if (!target.startsWith(top + sep)) throw unreadable(path, 'it is a link that leads out of the repo');
}

async function readCapped(full: string, path: string): Promise<Uint8Array> {
  try {
    const { size } = await lstat(await realpath(full));
    if (size > sourceLimits.fileBytes) throw unreadable(path, `it has ${size} bytes; 1 MiB is the most`);
    return await readFile(full);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw unreadable(path, 'reading it failed', error);
  }
}

function unreadable(path: string, why: string, cause?: unknown): InputError {
  return new InputError('FileUnreadable', `cannot read ${path}`, { why, at: path, cause });
}
