/** The layer table of ARCHITECTURE.md as code: who may import whom, and what only some may call. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Rows from the bottom up. A file imports strictly lower rows, or its own folder. */
const rows: readonly (readonly string[])[] = [
  ['core/errors'],
  ['core/clock', 'core/bytes', 'core/schema'],
  ['core/model'],
  ['core/policy', 'core/mask', 'core/audit', 'core/git'],
  ['core/load', 'core/plan', 'core/format'],
  ['core/admission', 'core/policy-test', 'core/lint'],
  ['core/source', 'core/forge'],
  ['gateway/config', 'gateway/telemetry', 'gateway/state'],
  ['gateway/snapshot', 'gateway/identity', 'gateway/net', 'gateway/kafka/wire', 'gateway/pulsar/wire'],
  ['gateway/session', 'gateway/recorder'],
  ['gateway/kafka/enforce', 'gateway/kafka/upstream', 'gateway/pulsar/enforce', 'gateway/pulsar/upstream'],
  ['gateway/kafka/broker', 'gateway/pulsar/broker'],
  ['gateway/kafka/proxy', 'gateway/pulsar/proxy', 'gateway/reconcile'],
  ['gateway/api', 'gateway/workers'],
  ['gateway/assemble'],
  ['gateway/main.ts'],
];

/** Folders whose imports are narrower than their row. Entries may name a folder or a whole tree. */
const only: Readonly<Record<string, readonly string[]>> = {
  'gateway/kafka/wire': ['core/bytes', 'core/errors'],
  'gateway/kafka/enforce': [
    'gateway/kafka/wire',
    'gateway/session',
    'core/errors',
    'core/model',
    'core/policy',
    'core/mask',
    'core/audit',
    'core/bytes',
  ],
  'cli/bin': ['cli/commands', 'cli/actions', 'cli/output', 'core/errors', 'core/clock'],
  'cli/commands': ['cli/actions', 'cli/output', 'core/errors', 'core/clock', 'gateway/main.ts'],
  'cli/output': ['core', 'cli/actions'],
  'cli/actions': ['core'],
};

/** Packages that one folder alone may import. */
const packages: Readonly<Record<string, readonly string[]>> = {
  'simple-git': ['core/git'],
  '@oclif/core': ['cli'],
  kafkajs: [],
  vitest: [],
};

interface Ban {
  readonly pattern: RegExp;
  readonly what: string;
  readonly allowed: readonly string[];
}

const bans: readonly Ban[] = [
  {
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bhrtime\b/,
    what: 'reads the time',
    allowed: ['core/clock'],
  },
  { pattern: /\bconsole\.|process\.std(out|err)\b/, what: 'prints', allowed: ['cli/output', 'cli/bin'] },
  { pattern: /\bprocess\.exit\(/, what: 'exits', allowed: ['cli/bin'] },
  { pattern: /\bnew Error\(/, what: 'throws a bare error', allowed: [] },
];

const bannedNames = /(^|\/)(utils?|helpers?|common|manager|misc|base)(\.ts|\/|$)/;
const imported = /(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g;
const comments = /\/\*[\s\S]*?\*\/|(^|[^:'"`])\/\/[^\n]*/g;

/** Every breach below `root`, as `file: what`. */
export function breaches(root: string): string[] {
  const files = globSync('{core,gateway,cli}/**/*.ts', { cwd: root }).map((file) => file.replaceAll('\\', '/'));
  const graph = new Map<string, string[]>();
  const found: string[] = [];
  for (const file of files.sort()) {
    const text = readFileSync(join(root, file), 'utf8');
    const generated = file.startsWith('core/schema/') || file.includes('/generated/');
    if (bannedNames.test(file)) found.push(`${file}: banned name`);
    if (file.endsWith('/index.ts')) found.push(`${file}: a barrel`);
    const targets: string[] = [];
    for (const [, to] of text.matchAll(imported)) {
      if (to === undefined) continue;
      if (!to.startsWith('.')) {
        found.push(...packageBreach(file, to));
        continue;
      }
      const target = normalize(join(dirname(file), to));
      targets.push(target);
      found.push(...importBreach(file, target));
    }
    graph.set(file, targets);
    if (generated) continue;
    const code = text.replaceAll(comments, '$1');
    for (const { pattern, what, allowed } of bans) {
      if (pattern.test(code) && !allowed.some((folder) => file.startsWith(`${folder}/`)))
        found.push(`${file}: ${what}`);
    }
  }
  return [...found, ...cycles(graph).map((cycle) => `${cycle.join(' -> ')}: a cycle`)];
}

export function countFiles(root: string): number {
  return globSync('{core,gateway,cli}/**/*.ts', { cwd: root }).length;
}

function importBreach(file: string, target: string): string[] {
  const [from, to] = [folderOf(file), folderOf(target)];
  const breach = [`${file}: imports ${target}`];
  if (target.includes('/generated/') && !sameProtocol(file, target)) return breach;
  if (from === to) return [];
  if (target === 'package.json') return [];
  const narrow = only[from];
  if (narrow) return narrow.some((allowed) => to === allowed || to.startsWith(`${allowed}/`)) ? [] : breach;
  if (from === 'cli') return [];
  const [low, high] = [rowOf(to), rowOf(from)];
  return low !== undefined && high !== undefined && low < high && !crossesProtocols(from, to) ? [] : breach;
}

function packageBreach(file: string, to: string): string[] {
  const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : to.split('/')[0]!;
  const allowed = packages[name];
  return allowed && !allowed.some((folder) => file.startsWith(`${folder}/`)) ? [`${file}: imports ${name}`] : [];
}

/** Generated codecs are for their own protocol alone. */
function sameProtocol(file: string, target: string): boolean {
  return file.split('/').slice(0, 2).join('/') === target.split('/').slice(0, 2).join('/');
}

function crossesProtocols(from: string, to: string): boolean {
  return (
    /^gateway\/(kafka|pulsar)\//.test(from) &&
    /^gateway\/(kafka|pulsar)\//.test(to) &&
    from.split('/')[1] !== to.split('/')[1]
  );
}

/** The row's name for a file: its folder, without deeper ones. */
function folderOf(file: string): string {
  const all = [...rows.flat(), ...Object.keys(only)];
  return (
    all.filter((folder) => file === folder || file.startsWith(`${folder}/`)).sort((a, b) => b.length - a.length)[0] ??
    file.split('/')[0]!
  );
}

function rowOf(folder: string): number | undefined {
  const row = rows.findIndex((names) => names.includes(folder));
  return row < 0 ? undefined : row;
}

function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const done = new Set<string>();
  const found: string[][] = [];
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) {
      found.push([...path.slice(at), file]);
      return;
    }
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return found;
}
