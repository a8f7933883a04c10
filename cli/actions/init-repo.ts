import { existsSync } from 'node:fs';
import { cp, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BugError, InputError } from '../../core/errors/sluice-error.ts';
import { repoTemplate } from './repo-template.ts';
import { writeWhole } from './write-file.ts';

export interface InitResult {
  readonly folder: string;
  /** Paths of the files that were written, sorted; the schemas count as one. */
  readonly files: readonly string[];
}

/** Writes a starting policy repo into a folder that is not there yet, or holds nothing but `.git`. Needs no network. */
export async function initRepo(folder: string): Promise<InitResult> {
  const entries = existsSync(folder) ? await list(folder) : [];
  const found = entries.filter((name) => name !== '.git');
  if (found.length > 0) {
    throw new InputError('FolderNotEmpty', `${folder} is not empty`, {
      why: `it holds ${found.slice(0, 3).join(', ')}${found.length > 3 ? ', …' : ''}`,
      fix: 'name a new or empty folder',
      at: folder,
    });
  }
  for (const [path, text] of Object.entries(repoTemplate)) {
    writeWhole(join(folder, path), text);
  }
  await cp(schemaFolder(), join(folder, '.sluice/schemas'), { recursive: true });
  return { folder, files: [...Object.keys(repoTemplate), '.sluice/schemas/'].sort() };
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw new InputError('FileUnreadable', `cannot use ${folder}`, { why: 'it is not a folder', at: folder, cause });
  }
}

/** schemas/v1 of this installation, from source or from dist/. */
export function schemaFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'schemas/v1'))) {
    if (folder === dirname(folder)) throw new BugError('schemas/v1 is missing from this installation');
    folder = dirname(folder);
  }
  return join(folder, 'schemas/v1');
}
