/** Files -> documents that satisfy their kind's schema and lie where that kind belongs. */
import type { ErrorObject } from 'ajv';
import type { Problem } from '../errors/problem.ts';
import type { Kind } from '../model/documents.ts';
import { type DocumentOf, isKind, kindAt, kinds } from './kinds.ts';
import { loadYaml, type YamlDocument } from './load-yaml.ts';
import { loadYamlOnce } from './load-yaml-once.ts';
import { didYouMean } from './nearest.ts';
import type { OnProgress } from './on-progress.ts';
import { schemaProblems } from './schema-problems.ts';
import type { SourceFile } from './source-file.ts';

/** One document of the shape its schema asks for, with its text for positions. Single values in it may have problems. */
export interface RawDocument<K extends Kind = Kind> {
  readonly kind: K;
  readonly data: DocumentOf[K];
  readonly yaml: YamlDocument;
}

export interface ReadDocuments {
  readonly documents: readonly RawDocument[];
  /** Names of every document that could be named, those with problems included, so that one mistake gives one problem. */
  readonly names: ReadonlyMap<Kind, ReadonlySet<string>>;
  readonly problems: readonly Problem[];
  /** Documents in the folders of a policy repo, those with problems included. */
  readonly count: number;
}

/** Failures of a schema that leave a document's shape sound, so that the checks after it can go on. */
const ofOneValue = new Set([
  'additionalProperties',
  'const',
  'enum',
  'maxItems',
  'maxLength',
  'maximum',
  'minItems',
  'minLength',
  'minimum',
  'pattern',
  'propertyNames',
  'uniqueItems',
]);

/** An unknown key may stand where the one key of a choice should. */
function keepsShape({ keyword, parentSchema }: ErrorObject): boolean {
  const choice = keyword === 'additionalProperties' && parentSchema?.['maxProperties'] === 1;
  return ofOneValue.has(keyword) && !choice;
}

const apiVersion = 'sluice.dev/v1';

/** Where PolicyTests are. Nothing is decided by them, so they are read by `loadPolicyTests` alone. */
export const testFolder = 'tests/';

/** Reads all YAML files of a repo in the order of their paths. Folders that start with a dot are not policy. */
export function readDocuments(files: readonly SourceFile[], onProgress?: OnProgress): ReadDocuments {
  const problems: Problem[] = [];
  const documents: RawDocument[] = [];
  const names = new Map<Kind, Set<string>>();
  let count = 0;
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  for (const [i, file] of sorted.entries()) {
    onProgress?.('reading file', i + 1, sorted.length);
    if (!/\.ya?ml$/.test(file.path) || /(^|\/)\./.test(file.path)) continue;
    const home = kindAt(file.path);
    const read = file.path.startsWith(testFolder) ? loadYamlOnce(file) : loadYaml(file);
    if (home === undefined) {
      // Other tools keep YAML in the repo too: only a document of ours is a mistake here.
      const isTest = (yaml: YamlDocument): boolean => file.path.startsWith(testFolder) && kindOf(yaml) === 'PolicyTest';
      const strays = read.documents.filter((yaml) => isOurs(yaml) && !isTest(yaml));
      problems.push(...strays.map((yaml) => misplaced(yaml)));
      continue;
    }
    problems.push(...read.problems);
    if (read.problems.length === 0 && read.documents.length === 0) {
      const message = 'the file holds no document';
      problems.push({ rule: 'yaml/empty', severity: 'warning', message, fix: 'fill or delete it', at: top(file.path) });
    }
    if (kinds[home].single && read.documents[1]) {
      problems.push({
        rule: 'schema/one-document',
        severity: 'error',
        message: `a file of ${home} holds one document, this one has ${read.documents.length}`,
        fix: 'move each into a file of its own, named after metadata.name',
        at: read.documents[1].locate([]),
      });
    }
    count += read.documents.length;
    for (const yaml of read.documents) {
      const found = readDocument(yaml, home, names);
      problems.push(...found.problems);
      if (found.document) documents.push(found.document);
    }
  }
  return { documents, names, problems, count };
}

function readDocument(
  yaml: YamlDocument,
  home: Kind,
  names: Map<Kind, Set<string>>,
): { document?: RawDocument; problems: Problem[] } {
  const head = (yaml.value ?? {}) as { apiVersion?: unknown; kind?: unknown; metadata?: { name?: unknown } };
  if (typeof head.kind === 'string' && !isKind(head.kind)) {
    if (head.kind === 'PolicyTest') return { problems: [misplaced(yaml)] };
    const message = `unknown kind '${head.kind.slice(0, 60)}'`;
    const fix = didYouMean(head.kind, Object.keys(kinds)) ?? `known kinds: ${Object.keys(kinds).join(', ')}`;
    return { problems: [{ rule: 'schema/unknown-kind', severity: 'error', message, fix, at: yaml.locate(['kind']) }] };
  }
  const kind = isKind(head.kind) ? head.kind : home;
  const problems: Problem[] = [];
  const name = head.metadata?.name;
  if (typeof name === 'string') names.set(kind, (names.get(kind) ?? new Set()).add(name));
  if (kind !== home) problems.push(misplaced(yaml));
  const { validate, single } = kinds[kind];
  if (!validate(yaml.value)) {
    const errors = validate.errors ?? [];
    problems.push(...schemaProblems(errors, yaml));
    if (!errors.every(keepsShape)) return { problems };
  }
  if (single && kind !== 'Repo' && kind === home && baseName(yaml.file) !== name) {
    problems.push({
      rule: 'schema/file-name',
      severity: 'error',
      message: `the file is called '${baseName(yaml.file)}', the ${kind} in it '${name}'`,
      fix: `rename the file to ${name}.yaml, or change metadata.name`,
      at: yaml.locate(['metadata', 'name']),
    });
  }
  return { document: { kind, data: yaml.value as DocumentOf[Kind], yaml }, problems };
}

function isOurs(yaml: YamlDocument): boolean {
  const version = (yaml.value as { apiVersion?: unknown } | null)?.apiVersion;
  return version === apiVersion;
}

function kindOf(yaml: YamlDocument): unknown {
  return (yaml.value as { kind?: unknown } | null)?.kind;
}

function misplaced(yaml: YamlDocument): Problem {
  const kind = kindOf(yaml);
  const [word, place] = isKind(kind)
    ? [kind, kinds[kind].place]
    : kind === 'PolicyTest'
      ? [kind, testFolder]
      : ['document', undefined];
  return {
    rule: 'schema/wrong-folder',
    severity: 'error',
    message: `${/^[AI]/.test(word) ? 'an' : 'a'} ${word} does not belong in ${yaml.file}`,
    fix:
      place === undefined ? `known kinds: ${[...Object.keys(kinds), 'PolicyTest'].join(', ')}` : `move it to ${place}`,
    at: yaml.locate(['kind']),
  };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.ya?ml$/, '');
}

function top(file: string): Problem['at'] {
  return { file, line: 1, column: 1 };
}
