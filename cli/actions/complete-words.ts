/** What may stand next on a command line of sluice: commands, flags, their values, names of the policy repo. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { kinds } from '../../core/load/kinds.ts';
import { readDocuments } from '../../core/load/read-documents.ts';
import type { Kind } from '../../core/model/documents.ts';
import { surveyFolder } from '../../core/source/folder.ts';

/** A command as the command line's own library describes it. */
export interface CommandWords {
  /** Its words with `:` between. */
  readonly id: string;
  readonly summary?: string | undefined;
  readonly hidden?: boolean | undefined;
  readonly flags: Readonly<Record<string, FlagWords>>;
  readonly args: Readonly<Record<string, { readonly options?: readonly string[] | undefined }>>;
}

interface FlagWords {
  readonly type: 'boolean' | 'option';
  readonly multiple?: boolean | undefined;
  readonly options?: readonly string[] | undefined;
  readonly description?: string | undefined;
  readonly summary?: string | undefined;
  readonly hidden?: boolean | undefined;
}

export interface Candidate {
  readonly word: string;
  readonly about: string;
}

/** `files`: the shell completes a path itself. */
export type Completion = readonly Candidate[] | 'files';

/** Flags and arguments that take a name of the repo. */
const named: Readonly<Record<string, readonly Kind[]>> = {
  stream: ['Stream'],
  cluster: ['Cluster'],
  policy: ['AccessPolicy'],
  as: ['Identity'],
  subject: ['Identity'],
  group: ['Group'],
  'claim-group': ['Group'],
  grant: ['Grant'],
  name: ['Grant'],
  id: ['Grant'],
};

const paths = new Set([
  'dir',
  'repo',
  'key',
  'socket',
  'out',
  'config',
  'folder',
  'recordings',
  'anchor',
  'from',
  'paths',
]);

/** `words` are those after `sluice` up to the cursor; the last one, maybe empty, is being written. */
export function completeWords(commands: readonly CommandWords[], words: readonly string[]): Completion {
  const { before, current, prefix } = split(words);
  const known = commands.filter(({ hidden }) => !hidden);
  const { command, rest } = commandOf(known, before);
  const deeper = current.startsWith('-') ? [] : nextWords(known, before);
  if (!command) return matching(deeper, current, '');
  const last = rest.at(-1);
  const pending = last?.startsWith('--') ? command.flags[last.slice(2)] : undefined;
  if (last !== undefined && pending?.type === 'option') return values(last.slice(2), pending, rest, current, prefix);
  if (current.startsWith('-')) return matching(flagsLeft(command, rest), current, '');
  const place = argumentsIn(command, rest);
  const [name, arg] = Object.entries(command.args)[place] ?? [];
  if (name === undefined) return matching(deeper, current, '');
  const found = values(name, arg ?? {}, rest, current, '');
  return found === 'files'
    ? deeper.length > 0
      ? matching(deeper, current, '')
      : found
    : [...matching(deeper, current, ''), ...found];
}

/** `--flag=value` is the flag and its value; bash cuts it in three, the others leave it whole. */
function split(words: readonly string[]): { before: string[]; current: string; prefix: string } {
  const joined = words.filter((word, at) =>
    word !== '=' || at === words.length - 1 ? true : !words[at - 1]?.startsWith('--'),
  );
  const current = joined.at(-1) ?? '';
  const before = joined
    .slice(0, -1)
    .flatMap((word) =>
      /^--[^=]+=/.test(word) ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] : [word],
    );
  if (current === '=') return { before, current: '', prefix: '' };
  const whole = /^(--[^=]+)=(.*)$/.exec(current);
  if (whole) return { before: [...before, whole[1]!], current: whole[2]!, prefix: `${whole[1]}=` };
  return { before, current, prefix: '' };
}

/** The longest command that the words begin with, and the words after it. */
function commandOf(
  commands: readonly CommandWords[],
  words: readonly string[],
): { command: CommandWords | undefined; rest: readonly string[] } {
  for (let length = words.length; length > 0; length--) {
    const id = words.slice(0, length).join(':');
    const command = commands.find((one) => one.id === id);
    if (command) return { command, rest: words.slice(length) };
  }
  return { command: undefined, rest: words };
}

/** Words that make what was written so far a command, or the beginning of one. */
function nextWords(commands: readonly CommandWords[], words: readonly string[]): Candidate[] {
  const found = new Map<string, string>();
  for (const { id, summary } of commands) {
    const parts = id.split(':');
    if (parts.length <= words.length || words.some((word, at) => parts[at] !== word)) continue;
    const word = parts[words.length]!;
    const isWhole = parts.length === words.length + 1;
    if (isWhole || !found.has(word)) found.set(word, isWhole ? (summary ?? '') : `${word} commands`);
  }
  return [...found].map(([word, about]) => ({ word, about }));
}

function flagsLeft({ flags }: CommandWords, rest: readonly string[]): Candidate[] {
  return [
    ...Object.entries(flags)
      .filter(([name, { hidden, multiple }]) => !hidden && (multiple || !rest.includes(`--${name}`)))
      .map(([name, { description, summary }]) => ({ word: `--${name}`, about: summary ?? description ?? '' })),
    ...(rest.includes('--help') ? [] : [{ word: '--help', about: 'Show help.' }]),
  ];
}

function argumentsIn({ flags }: CommandWords, rest: readonly string[]): number {
  return rest.filter((word, at) => {
    const flag = rest[at - 1];
    const isValue = flag?.startsWith('--') && flags[flag.slice(2)]?.type === 'option';
    return !word.startsWith('-') && !isValue;
  }).length;
}

function values(
  name: string,
  { options }: { readonly options?: readonly string[] | undefined },
  rest: readonly string[],
  current: string,
  prefix: string,
): Completion {
  if (options)
    return matching(
      options.map((word) => ({ word, about: '' })),
      current,
      prefix,
    );
  const wanted = named[name];
  if (!wanted) return paths.has(name) ? 'files' : [];
  const at = rest.indexOf('--repo');
  return matching(
    wanted.flatMap((kind) => namesOf(kind, (at >= 0 && rest[at + 1]) || '.')),
    current,
    prefix,
  );
}

/** Names of one kind in the repo of a folder. Nothing when there is no repo: completion has nobody to tell. */
function namesOf(kind: Kind, repo: string): Candidate[] {
  const { place, single } = kinds[kind];
  try {
    const folder = join(repo, place);
    if (single) return grantNames(folder, kind);
    const files = surveyFolder(folder).files.map((file) => ({ ...file, path: `${place}${file.path}` }));
    return [...(readDocuments(files).names.get(kind) ?? [])].sort().map((word) => ({ word, about: kind }));
  } catch {
    return [];
  }
}

/** A file of these kinds is named after its document. */
function grantNames(folder: string, about: Kind): Candidate[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.ya?ml$/.test(path))
    .map((path) => path.slice(path.lastIndexOf('/') + 1).replace(/\.ya?ml$/, ''))
    .sort()
    .map((word) => ({ word, about }));
}

function matching(all: readonly Candidate[], current: string, prefix: string): Candidate[] {
  return all
    .filter(({ word }) => word.startsWith(current) && /^[\w.@+=/-]+$/.test(word)) // nothing that a shell would take apart
    .map(({ word, about }) => ({ word: `${prefix}${word}`, about }));
}
