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

export function isBreakGlassFile(path: string): boolean {
  return path.startsWith('breakglass/') && isPolicyFile(path);
}

/** Rules, identities, streams, masks: what the owners' rule is for. */
export function isPlaneFile(path: string): boolean {
  return isPolicyFile(path) && !isGrantFile(path) && !isBreakGlassFile(path) && !isRevocationFile(path);
}

/**
 * Whether the owners have to sign a change of a file. Grants and BreakGlass documents are judged one by one, and a new
 * Revocation needs nobody. What people sign and what the gateway judges are told apart by this alone.
 */
export function isForOwners({ path, before }: { readonly path: string; readonly before: unknown }): boolean {
  return !isGrantFile(path) && !isBreakGlassFile(path) && !(isRevocationFile(path) && !before);
}

/**
 * Whether a change holds an emergency beside anything else, be it another emergency. Approvals on a forge are of all that
 * a request holds, so nobody should review one while they look at something else.
 */
export function isMixedEmergency(changes: readonly { readonly path: string }[]): boolean {
  return changes.length > 1 && changes.some(({ path }) => isBreakGlassFile(path));
}

/** A path that could mean one thing to a reviewer and another to a reader, and why. */
export interface UnsafePath {
  readonly path: string;
  readonly why: string;
}

/** The first thing in a tree that makes it unsafe to read. Case and normal form are compared over whole paths and folders. */
export function unsafePath(entries: readonly TreeEntry[]): UnsafePath | undefined {
  if (entries.length > sourceLimits.files)
    return { path: '', why: `the revision has ${entries.length} files; ${sourceLimits.files} are the most` };
  const folded = new Map<string, string>();
  for (const { mode, path } of entries) {
    const why = modeProblem(mode) ?? nameProblem(path);
    if (why !== undefined) return { path, why };
    for (let end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
      const part = end < 0 ? path : path.slice(0, end);
      const other = folded.get(part.toLowerCase());
      if (other !== undefined && other !== part) return { path, why: `'${part}' and '${other}' differ in case only` };
      folded.set(part.toLowerCase(), part);
      if (end < 0) break;
    }
  }
  return undefined;
}

/** Only regular files hold documents. */
export function isRegular({ mode }: TreeEntry): boolean {
  return modeProblem(mode) === undefined;
}

function modeProblem(mode: string): string | undefined {
  if (mode === '120000') return 'it is a symbolic link';
  if (mode === '160000') return 'it is a submodule';
  return mode === '100644' || mode === '100755' ? undefined : `it has mode ${mode}`;
}

function nameProblem(path: string): string | undefined {
  if (path !== path.normalize('NFC')) return 'the path is not in Unicode normal form C';
  if ([...path].some((char) => char < ' ' || char === '\x7f')) return 'the path has control characters';
  const part = path.split('/').find((one) => one === '..' || one === '.' || one.toLowerCase() === '.git');
  return part === undefined ? undefined : `the path has a part '${part}'`;
}
