import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { InputError } from '../../core/errors/sluice-error.ts';
import { kinds } from '../../core/load/kinds.ts';
import { testFolder } from '../../core/load/read-documents.ts';
import { type Editor, editors, type SchemaPlace } from './editor-settings.ts';
import { schemaFolder } from './init-repo.ts';
import { writeWhole } from './write-file.ts';

export interface WrittenSchemas {
  /** Folder of the schemas, within the repo. */
  readonly out: string;
  /** Files that were written, within the repo; what was as it should be already is not among them. */
  readonly written: readonly string[];
  readonly unchanged: number;
}

/**
 * Writes the schemas of this installation into a policy repo, and tells the editors which files follow them. A file
 * that is no schema of ours is never overwritten, and everything is looked at before the first is written.
 */
export function writeSchemas(repo: string, out: string, wanted: readonly Editor[]): WrittenSchemas {
  const folder = posix.normalize(out.replaceAll('\\', '/')).replace(/\/$/, '');
  if (folder.startsWith('..') || posix.isAbsolute(folder) || /["&<>]/.test(folder)) {
    throw new InputError('BadUsage', `--out ${out} is not a folder of the repo`, {
      fix: 'write it like .sluice/schemas',
    });
  }
  const from = schemaFolder();
  const names = readdirSync(from).filter((name) => name.endsWith('.schema.json'));
  const files = new Map(names.map((name) => [posix.join(folder, name), readFileSync(join(from, name), 'utf8')]));
  const before = new Map([...files.keys()].map((path) => [path, current(join(repo, path), path)]));
  for (const [path, text] of before) if (text !== undefined) refuseForeign(path, text);
  for (const editor of wanted) {
    const { path, merge } = editors[editor];
    before.set(path, current(join(repo, path), path));
    files.set(path, merge(before.get(path), placesIn(folder)));
  }
  const written = [...files].filter(([path, text]) => before.get(path) !== text);
  for (const [path, text] of written) writeWhole(join(repo, path), text);
  return { out: folder, written: written.map(([path]) => path), unchanged: files.size - written.length };
}

function placesIn(folder: string): SchemaPlace[] {
  const places = [
    ...Object.entries(kinds).map(([kind, { place }]) => [kind, place] as const),
    ['PolicyTest', testFolder],
  ];
  return places.map(([kind = '', place = '']) => ({ kind, place, schema: posix.join(folder, schemaFile(kind)) }));
}

/** `AccessPolicy` -> `access-policy.schema.json` */
function schemaFile(kind: string): string {
  return `${kind.replace(/(?<=.)[A-Z]/g, '-$&').toLowerCase()}.schema.json`;
}

function current(full: string, path: string): string | undefined {
  try {
    if (!lstatSync(full).isFile()) throw taken(path, 'it is not a regular file');
    return readFileSync(full, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause instanceof InputError
      ? cause
      : taken(path, (cause as NodeJS.ErrnoException).code ?? 'unreadable', cause);
  }
}

function refuseForeign(path: string, text: string): void {
  let id: unknown;
  try {
    id = (JSON.parse(text) as { $id?: unknown } | null)?.$id;
  } catch {
    // no JSON: not ours
  }
  if (typeof id !== 'string' || !id.startsWith('https://sluice.dev/schemas/')) {
    throw taken(path, 'a file that is no schema of Sluice is there');
  }
}

function taken(path: string, why: string, cause?: unknown): InputError {
  return new InputError('FileNotWritten', `cannot write ${path}`, {
    why,
    fix: 'name another folder with --out',
    at: path,
    cause,
  });
}
