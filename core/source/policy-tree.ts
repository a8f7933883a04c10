import { SourceError } from '../errors/sluice-error.ts';
import type { TreeEntry } from '../git/bare-clone.ts';
import { sourceLimits } from '../load/source-file.ts';

/** The files that the CLI reads too: YAML, outside hidden folders and node_modules. */
export function isPolicyFile(path: string): boolean {
  return /\.ya?ml$/.test(path) && !path.split('/').some((part) => part.startsWith('.') || part === 'node_modules');
}

export function isGrantFile(path: string): boolean {
  return path.startsWith('grants/') && isPolicyFile(path);
}

export function isRevocationFile(path: string): boolean {
  return path.startsWith('revocations/') && isPolicyFile(path);
}

/** Rules, identities, streams, masks: what the owners' rule is for. */
export function isPlaneFile(path: string): boolean {
  return isPolicyFile(path) && !isGrantFile(path) && !isRevocationFile(path);
}

/** Refuses trees that could mean one thing to a reviewer and another to a reader. */
export function assertPlainTree(entries: readonly TreeEntry[]): void {
  if (entries.length > sourceLimits.files)
    throw unsafe(`it has ${entries.length} files; ${sourceLimits.files} are the most`);
  const folded = new Map<string, string>();
  for (const { mode, path } of entries) {
    if (mode === '120000') throw unsafe(`'${path}' is a symbolic link`);
    if (mode === '160000') throw unsafe(`'${path}' is a submodule`);
    if (mode !== '100644' && mode !== '100755') throw unsafe(`'${path}' has mode ${mode}`);
    if (path !== path.normalize('NFC')) throw unsafe('a path is not in Unicode normal form C');
    for (const part of path.split('/')) {
      if (part === '..' || part === '.' || part.toLowerCase() === '.git')
        throw unsafe(`'${path}' has a part '${part}'`);
    }
    if ([...path].some((char) => char < ' ' || char === '\x7f')) throw unsafe('a path has control characters');
    const key = path.toLowerCase();
    const other = folded.get(key);
    if (other !== undefined) throw unsafe(`'${path}' and '${other}' differ in case only`);
    folded.set(key, path);
  }
}

function unsafe(why: string): SourceError {
  return new SourceError('RepoUnsafe', 'the revision cannot be read safely', {
    why,
    fix: 'remove it from the repo',
    retry: 'onChange',
  });
}
