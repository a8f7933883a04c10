import { existsSync } from 'node:fs';
import { cp, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BugError, InputError } from '../../core/errors/sluice-error.ts';
import type { ForgeAddress } from '../../core/model/documents.ts';
import { repoTemplate } from './repo-template.ts';
import { actionFolder, protectionAdvice, workflowFiles } from './workflow-files.ts';
import { writeWhole } from './write-file.ts';

export interface InitResult {
  readonly folder: string;
  /** Paths of the files that were written, sorted; the schemas count as one. */
  readonly files: readonly string[];
  /** Where it will live; undefined = plain git. */
  readonly forge: ForgeAddress | undefined;
}

/**
 * Writes a starting policy repo into a folder that is not there yet, or holds nothing but `.git`. Needs no network.
 * `forge` is where it will live; undefined = plain git.
 */
export async function initRepo(folder: string, forge: ForgeAddress | undefined): Promise<InitResult> {
  const entries = existsSync(folder) ? await list(folder) : [];
  const found = entries.filter((name) => name !== '.git');
  if (found.length > 0) {
    throw new InputError('FolderNotEmpty', `${folder} is not empty`, {
      why: `it holds ${found.slice(0, 3).join(', ')}${found.length > 3 ? ', …' : ''}`,
      fix: 'name a new or empty folder',
      at: folder,
    });
  }
  const copied: Readonly<Record<string, string>> = forge
    ? { [`${actionFolder(forge.kind)}/main.mjs`]: actionProgram() }
    : {};
  const texts: Readonly<Record<string, string>> = forge
    ? { ...repoTemplate, ...workflowFiles(forge), 'README.md': repoTemplate['README.md'] + protectionAdvice(forge) }
    : repoTemplate;
  for (const [path, text] of Object.entries(texts)) writeWhole(join(folder, path), text);
  for (const [path, from] of Object.entries(copied)) await cp(from, join(folder, path));
  await cp(schemaFolder(), join(folder, '.sluice/schemas'), { recursive: true });
  return { folder, files: [...Object.keys(texts), ...Object.keys(copied), '.sluice/schemas/'].sort(), forge };
}

/** Where a repo that people open at `address` is asked about by programs; without one, an address to be replaced. */
export function forgeOf(kind: ForgeAddress['kind'], address: string | undefined): ForgeAddress {
  const given = address ?? `https://${kind === 'github' ? 'github.com' : 'git.example.com'}/your-org/access-policies`;
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const [, root, repo] = /^(.*?)\/([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(url?.pathname ?? '') ?? [];
  const plain = url && url.username + url.password + url.search + url.hash === '';
  if (!plain || !/^https?:$/.test(url.protocol) || root === undefined || repo === undefined) {
    throw new InputError('BadUsage', `'${given}' is not the address of a repo on a forge`, {
      fix: 'write it as a browser has it: https://git.example.com/owner/name',
    });
  }
  if (kind === 'gitea') return { kind, url: `${url.origin}${root}`, repo };
  return { kind, url: url.host === 'github.com' ? 'https://api.github.com' : `${url.origin}/api/v3`, repo };
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
  return join(installation('schemas/v1'), 'schemas/v1');
}

/** The action as one file, which only a build makes. */
function actionProgram(): string {
  const file = join(installation('schemas/v1'), 'dist/action/main.mjs');
  if (existsSync(file)) return file;
  throw new InputError('FileUnreadable', 'the program of the check is not here', {
    why: 'this is the source of Sluice, and its build makes that file',
    fix: 'run npm run build, and the command again',
    at: file,
  });
}

/** The folder above this file that has `path`. */
function installation(path: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, path))) {
    if (folder === dirname(folder)) throw new BugError(`${path} is missing from this installation`);
    folder = dirname(folder);
  }
  return folder;
}
