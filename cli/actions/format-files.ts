import { readFileSync } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../core/errors/problem.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import { formatYaml } from '../../core/format/format-yaml.ts';
import { type KeyOrder, type KeySchema, keyOrders } from '../../core/format/key-order.ts';
import { loadYaml } from '../../core/load/load-yaml.ts';
import type { SourceFile } from '../../core/load/source-file.ts';
import { readFolder } from '../../core/source/folder.ts';
import { schemaFolder } from './init-repo.ts';
import { writeWhole } from './write-file.ts';

const apiVersion = 'sluice.dev/v1';

export interface FormattedFile {
  /** As it was given, or below the folder that was. */
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

export interface FormatResult {
  /** Files that hold documents of Sluice. */
  readonly count: number;
  /** Those that are not as they should be. */
  readonly changed: readonly FormattedFile[];
  /** Why files were left as they are. */
  readonly problems: readonly Problem[];
  /** Text of every file with a problem, for code frames. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Formats the files at these paths; a folder is every YAML file in it that holds documents of Sluice. */
export async function formatFiles(paths: readonly string[]): Promise<FormatResult> {
  const orders = await ordersOfSchemas();
  const files = new Map<string, SourceFile>();
  for (const path of paths) {
    for (const file of await filesAt(path)) files.set(file.path, file);
  }
  return formatSources([...files.values()], orders);
}

/** Formats one text, such as that of standard input. */
export async function formatText(bytes: Uint8Array, name: string): Promise<FormatResult> {
  return formatSources([{ path: name, bytes }], await ordersOfSchemas());
}

/** Replaces each file whole; one that is not what was formatted any more, or cannot be replaced, stays as it is. */
export function writeFormatted(files: readonly FormattedFile[]): void {
  for (const { path, before, after } of files) {
    if (!readFileSync(path).equals(Buffer.from(before))) {
      throw new InputError('FileNotWritten', `cannot write ${path}`, {
        why: 'it was changed while it was formatted',
        fix: 'run it again',
        at: path,
      });
    }
    writeWhole(path, after);
  }
}

function formatSources(files: readonly SourceFile[], orders: ReadonlyMap<string, KeyOrder>): FormatResult {
  const changed: FormattedFile[] = [];
  const problems: Problem[] = [];
  const texts = new Map<string, string>();
  let count = 0;
  for (const file of files) {
    const read = loadYaml(file);
    const ours = read.documents.filter(({ value }) => isOurs(value)).length;
    const before = new TextDecoder('utf-8', { ignoreBOM: true }).decode(file.bytes);
    if (ours === 0 && !(read.problems.length > 0 && before.includes(apiVersion))) continue;
    count++;
    if (read.problems.length > 0) {
      problems.push(...read.problems);
      texts.set(file.path, before);
      continue;
    }
    const formatted = formatYaml(before, orders);
    if ('kept' in formatted) {
      problems.push({
        rule: 'format/kept',
        severity: 'error',
        message: `the file cannot be formatted: ${formatted.kept}`,
        fix: 'move its comments to lines of their own, above what they are about',
        at: { file: file.path, line: 1, column: 1 },
      });
    } else if (formatted.text !== before) changed.push({ path: file.path, before, after: formatted.text });
  }
  return { count, changed, problems, texts };
}

function isOurs(value: unknown): boolean {
  return (value as { apiVersion?: unknown } | null)?.apiVersion === apiVersion;
}

async function filesAt(path: string): Promise<SourceFile[]> {
  const unreadable = (why: string, cause?: unknown): InputError =>
    new InputError('FileUnreadable', `cannot read ${path}`, { why, at: path, cause });
  const stat = await lstat(path).catch((cause: unknown) => {
    throw unreadable('there is no such file', cause);
  });
  if (stat.isDirectory()) {
    return (await readFolder(path)).map((file) => ({ ...file, path: join(path, file.path) }));
  }
  if (stat.isSymbolicLink()) throw unreadable('it is a link; name the file that it leads to');
  if (!stat.isFile()) throw unreadable('it is not a regular file');
  try {
    return [{ path, bytes: await readFile(path) }];
  } catch (cause) {
    throw unreadable('reading it failed', cause);
  }
}

async function ordersOfSchemas(): Promise<ReadonlyMap<string, KeyOrder>> {
  const folder = schemaFolder();
  const names = (await readdir(folder)).filter((name) => name.endsWith('.schema.json'));
  const read = names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as KeySchema);
  return keyOrders(await Promise.all(read));
}
