/**
 * Bytes -> YAML documents whose every value can be found again in the text. All problems of a file are collected; a
 * document with one has no value. Nothing here knows what a document means.
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Scalar,
  visit,
} from 'yaml';
import type { Location, Problem } from '../errors/problem.ts';
import { type SourceFile, sourceLimits } from './source-file.ts';

/** Keys and list indexes from the document's root. */
export type Path = readonly (string | number)[];

export interface YamlDocument {
  readonly file: string;
  /** Plain data: maps as objects, lists as arrays. */
  readonly value: unknown;
  /** Where the value at `path` stands, or the nearest thing above it that exists. */
  locate(path: Path): Location;
  /** Where the key at the end of `path` stands; as `locate` for list items. */
  locateKey(path: Path): Location;
  /** Where a character of the text at `path` stands, counted from the text's beginning. */
  locateInText(path: Path, offset: number): Location;
}

export interface YamlFile {
  /** The documents without problems that are not empty. */
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly Problem[];
}

/** Reads one file: UTF-8 with or without a byte order mark, any line ends, one or more documents. */
export function loadYaml(file: SourceFile): YamlFile {
  const start: Location = { file: file.path, line: 1, column: 1 };
  const fail = (rule: string, message: string, fix: string, at = start): YamlFile => ({
    documents: [],
    problems: [{ rule, severity: 'error', message, fix, at }],
  });
  if (file.bytes.byteLength > sourceLimits.fileBytes) {
    return fail('yaml/too-large', `the file has ${file.bytes.byteLength} bytes`, 'split it: 1 MiB is the most');
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(file.bytes);
  } catch {
    return fail('yaml/not-utf8', 'the file is not UTF-8 text', 'save it as UTF-8');
  }
  const conflict = /^<{7}(?: .*)?$/m.exec(text);
  if (conflict) {
    const line = text.slice(0, conflict.index).split('\n').length;
    return fail('yaml/conflict-marker', 'the file holds an unresolved git merge conflict', 'resolve it', {
      ...start,
      line,
    });
  }
  const counter = new LineCounter();
  try {
    const parsed: Document.Parsed[] | { empty: true } = parseAllDocuments(text, {
      lineCounter: counter,
      uniqueKeys: true,
      prettyErrors: false,
    });
    if (!Array.isArray(parsed)) return { documents: [], problems: [] };
    // The parser meets its stack's end at a depth that differs between machines: the cap below does not.
    if (parsed.some(isTooDeep)) return fail('yaml/too-deep', tooDeep, 'flatten it');
    const read = parsed.map((document) => readDocument(document, file.path, counter, text));
    return {
      documents: read.flatMap((part) => part.document ?? []),
      problems: read.flatMap((part) => part.problems),
    };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // the parser recurses: a stack overflow is the input's fault
    return fail('yaml/too-deep', tooDeep, 'flatten it');
  }
}

const tooDeep = `the file is nested more than ${sourceLimits.depth} levels deep`;

const rules: Record<string, { rule: string; message?: string; fix: string }> = {
  DUPLICATE_KEY: {
    rule: 'yaml/duplicate-key',
    message: 'this key is there already in the same map',
    fix: 'keep one of them',
  },
  BAD_ALIAS: { rule: 'yaml/alias', fix: 'write the value out' },
  TAG_RESOLVE_FAILED: { rule: 'yaml/tag', fix: 'remove the tag' },
  TAB_AS_INDENT: { rule: 'yaml/tab', fix: 'indent with spaces' },
};

function readDocument(
  document: Document.Parsed,
  file: string,
  counter: LineCounter,
  text: string,
): { document?: YamlDocument; problems: Problem[] } {
  const locateRange = (from: number, to: number): Location => {
    const begin = counter.linePos(from);
    const end = counter.linePos(to);
    return { file, line: begin.line, column: begin.col, end: { line: end.line, column: end.col } };
  };
  const problems = [...document.errors, ...document.warnings].map((error): Problem => {
    const known = rules[error.code];
    return {
      rule: known?.rule ?? 'yaml/syntax',
      severity: 'error',
      message: known?.message ?? error.message.split('\n')[0]!,
      fix: known?.fix ?? 'mend the YAML',
      at: locateRange(error.pos[0], error.pos[1]),
    };
  });
  if (problems.length > 0 || document.contents === null) return { problems };
  if (isScalar(document.contents) && document.contents.value === null) return { problems };
  const root = document.contents.range;
  const bomb = (message: string): { problems: Problem[] } => ({
    problems: [
      {
        rule: 'yaml/alias',
        severity: 'error',
        message,
        fix: 'write the values out',
        at: locateRange(root[0], root[0] + 1),
      },
    ],
  });
  const key = collectionKey(document);
  if (key) {
    const message = 'this key is a map or a list; keys are text';
    const at = locateRange(key[0], key[1]);
    return { problems: [{ rule: 'yaml/key', severity: 'error', message, fix: 'put it in quotes', at }] };
  }
  if (expandsTooFar(document)) return bomb(`its aliases expand to more than ${sourceLimits.aliasNodes} nodes`);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: -1 }); // counted above
  } catch (error) {
    if (error instanceof ReferenceError) return bomb(error.message); // not among document.errors
    throw error;
  }
  const locateNode = (path: Path, wantKey: boolean): Location => {
    const range = find(document, path, wantKey) ?? root;
    return locateRange(range[0], range[1]);
  };
  return {
    problems,
    document: {
      file,
      value,
      locate: (path) => locateNode(path, false),
      locateKey: (path) => locateNode(path, true),
      locateInText: (path, offset) => {
        const node = document.getIn(path, true);
        const at = isScalar(node) ? placeInScalar(node, text, offset) : undefined;
        return at === undefined ? locateNode(path, false) : locateRange(at, at + 1);
      },
    },
  };
}

type Range = readonly [number, number, number];

/** The range of the node at `path`, going through aliases, or of the deepest one on the way. */
function find(document: Document.Parsed, path: Path, wantKey: boolean): Range | undefined {
  let node: unknown = document.contents;
  let range: Range | undefined;
  for (const [depth, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isSeq(node)) {
      node = node.items[Number(part)];
      range = rangeOf(node) ?? range;
    } else if (isMap(node)) {
      const pair = node.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === String(part));
      if (!pair) return range;
      node = pair.value;
      const key = rangeOf(pair.key);
      range = wantKey || !node ? (key ?? range) : (rangeOf(node) ?? key ?? range);
      if (depth < path.length - 1 && wantKey) range = key ?? range;
    } else return range;
  }
  return range;
}

function rangeOf(node: unknown): Range | undefined {
  return isScalar(node) || isCollection(node) || isAlias(node) ? (node.range ?? undefined) : undefined;
}

/** Quotes, block headers, indents and folds are no part of a text: what is not blank stands in both in one order. */
function placeInScalar(node: Scalar, source: string, offset: number): number | undefined {
  const { range, type, value } = node;
  if (!range || typeof value !== 'string') return undefined;
  const escaped = /^QUOTE/.test(type ?? '') && /\\|''/.test(source.slice(range[0] + 1, range[1] - 1));
  if (escaped) return undefined;
  let at = range[0];
  if (/^QUOTE/.test(type ?? '')) at += 1;
  if (/^BLOCK/.test(type ?? '')) at = source.indexOf('\n', at) + 1;
  let before = value.slice(0, offset).replace(/\s+/g, '').length;
  for (; at < range[1]; at++) {
    if (/\s/.test(source[at]!)) continue;
    if (before === 0) return at;
    before--;
  }
  return range[1];
}

/** The first key that is no scalar: what `{{ name }}` without quotes is to YAML. It would be read as text that nobody wrote. */
function collectionKey(document: Document.Parsed): Range | undefined {
  let found: Range | undefined;
  visit(document, {
    Pair: (_position, { key }) => {
      const node = isAlias(key) ? key.resolve(document) : key;
      if (!isCollection(node)) return undefined;
      found = rangeOf(key);
      return found ? visit.BREAK : undefined;
    },
  });
  return found;
}

function isTooDeep(document: Document.Parsed): boolean {
  if (document.errors.some((error) => error.message.startsWith('Maximum call stack'))) return true;
  const walk = (node: unknown, depth: number): boolean => {
    if (depth > sourceLimits.depth) return true;
    if (isPair(node)) return walk(node.key, depth) || walk(node.value, depth);
    return isCollection(node) && node.items.some((item) => walk(item, depth + 1));
  };
  return walk(document.contents, 0);
}

/** Counts the nodes reached through aliases; a chain of lists of aliases grows exponentially and is left at the cap. */
function expandsTooFar(document: Document.Parsed): boolean {
  let count = 0;
  const walk = (node: unknown, inAlias: boolean): boolean => {
    if (inAlias && ++count > sourceLimits.aliasNodes) return true;
    if (isAlias(node)) return walk(node.resolve(document), true);
    if (isPair(node)) return walk(node.key, inAlias) || walk(node.value, inAlias);
    return isCollection(node) && node.items.some((item) => walk(item, inAlias));
  };
  return walk(document.contents, false);
}
