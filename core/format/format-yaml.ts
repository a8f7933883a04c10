/**
 * The one layout of a policy repo's YAML: keys in the order of their schema, two spaces, one blank line at most, LF.
 * Nothing is written that says something else: values and comments are compared, and what differs is not formatted.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Document, isCollection, isSeq, Lexer, parseAllDocuments, visit } from 'yaml';
import type { KeyOrder } from './key-order.ts';
import { sortKeys } from './sort-keys.ts';

/** Lists and maps on one line are at most as long. */
const longestFlow = 100;
const mostRounds = 5;

export type Formatted =
  | { readonly text: string }
  /** The text says what this formatter cannot keep; it stays as it is. */
  | { readonly kept: string };

/** Formats the text of a file without YAML problems. Formatting the result again changes nothing. */
export function formatYaml(text: string, orders: ReadonlyMap<string, KeyOrder>): Formatted {
  let before = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  for (let round = 0; round < mostRounds; round++) {
    const after = layOut(before, orders);
    if (after === before) return checked(text, after);
    before = after;
  }
  return { kept: 'its layout does not come to rest' };
}

function checked(text: string, formatted: string): Formatted {
  if (!isDeepStrictEqual(valuesOf(text), valuesOf(formatted))) return { kept: 'its values would change' };
  if (!isDeepStrictEqual(commentsOf(text), commentsOf(formatted))) return { kept: 'a comment would be lost' };
  return { text: formatted };
}

function layOut(text: string, orders: ReadonlyMap<string, KeyOrder>): string {
  const documents = documentsOf(text).filter((document, i, all) => all.length === 1 || !isBlank(document) || i === 0);
  const parts = documents.map((document, i) => {
    const kind = document.get('kind');
    const order = typeof kind === 'string' ? orders.get(kind) : undefined;
    // An alias has to stay behind its anchor.
    if (order && !hasAnchor(document)) sortKeys(document.contents, order);
    spread(document, text);
    closeUp(document);
    if (document.directives) document.directives.docStart = i === 0 && !document.directives.yaml.explicit ? null : true;
    return document.toString({ lineWidth: 0, indent: 2, indentSeq: true, flowCollectionPadding: true });
  });
  return tightLists(`${parts.join('').trimEnd()}\n`);
}

function documentsOf(text: string): Document.Parsed[] {
  const parsed = parseAllDocuments(text, { uniqueKeys: false });
  return Array.isArray(parsed) ? parsed : [];
}

function isBlank(document: Document.Parsed): boolean {
  return document.contents === null && !document.commentBefore && !document.comment;
}

function hasAnchor(document: Document.Parsed): boolean {
  let found = false;
  visit(document, {
    Node: (_, node) => {
      if (!('anchor' in node) || !node.anchor) return undefined;
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

/** Lists and maps that are too long for one line get one line for each item. */
function spread(document: Document.Parsed, text: string): void {
  visit(document, {
    Collection: (_, node) => {
      if (!node.flow || !node.range || node.items.length === 0) return;
      const length = text.slice(node.range[0], node.range[1]).replace(/\s+/g, ' ').length;
      if (length > longestFlow) node.flow = false;
    },
  });
}

/** One blank line at most within and below comments, no blanks behind them. */
function closeUp(document: Document.Parsed): void {
  const close = (node: { commentBefore?: string | null; comment?: string | null }): void => {
    for (const field of ['commentBefore', 'comment'] as const) {
      const comment = node[field];
      if (comment)
        node[field] = comment
          .replace(/[ \t]+$/gm, '')
          .replace(/\n{3,}/g, '\n\n')
          .replace(/\n+$/, '\n');
    }
  };
  close(document);
  visit(document, { Node: (_, node) => close(node) });
}

/** `[a, b]` beside `{ a: b }`, as other formatters write them. */
function tightLists(text: string): string {
  const cuts: number[] = [];
  for (const document of documentsOf(text)) {
    visit(document, {
      Collection: (_, node) => {
        if (!isCollection(node) || !isSeq(node) || !node.flow || !node.range) return;
        const [start, end] = node.range;
        if (text[start + 1] === ' ' && text[start + 2] !== '#') cuts.push(start + 1);
        if (text[end - 2] === ' ' && end - 2 > start + 1) cuts.push(end - 2);
      },
    });
  }
  let tight = text;
  for (const at of cuts.sort((a, b) => b - a)) tight = tight.slice(0, at) + tight.slice(at + 1);
  return tight;
}

function valuesOf(text: string): unknown[] {
  return documentsOf(text)
    .map((document) => document.toJS({ maxAliasCount: -1 }) as unknown)
    .filter((value) => value !== null);
}

/** Every comment's text, sorted. */
function commentsOf(text: string): string[] {
  const comments: string[] = [];
  let inScalar = false;
  for (const token of new Lexer().lex(text)) {
    if (!inScalar && token.startsWith('#')) comments.push(token.trimEnd());
    inScalar = token === '\u001f';
  }
  return comments.sort();
}
