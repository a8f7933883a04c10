/** `# sluice-lint-disable ID[, ID] -- REASON`, in or above the document that it is about. */
import { Lexer } from 'yaml';
import type { Location } from '../errors/problem.ts';
import type { YamlDocument } from '../load/load-yaml.ts';
import type { SourceFile } from '../load/source-file.ts';

export interface Disabled {
  readonly yaml: YamlDocument;
  readonly id: string;
  /** Empty when none is given. */
  readonly reason: string;
  readonly at: Location;
}

const form = /^#\s*sluice-lint-disable\s+([^\s,]+(?:\s*,\s*[^\s,]+)*)\s*(?:--\s*(.*))?$/;

/** Every such comment of a file, each id by itself. */
export function disableComments(file: SourceFile, documents: readonly YamlDocument[]): Disabled[] {
  const found: Disabled[] = [];
  for (const { text, line, column } of commentsOf(new TextDecoder().decode(file.bytes))) {
    const match = form.exec(text);
    const yaml = documents.find((one) => (one.locate([]).end?.line ?? 0) >= line) ?? documents.at(-1);
    if (!match || !yaml) continue;
    const at: Location = { file: file.path, line, column, end: { line, column: column + text.length } };
    for (const id of match[1]!.split(/\s*,\s*/)) found.push({ yaml, id, reason: (match[2] ?? '').trim(), at });
  }
  return found;
}

interface Comment {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

function commentsOf(text: string): Comment[] {
  const comments: Comment[] = [];
  let [line, column, inScalar] = [1, 1, false];
  for (const token of new Lexer().lex(text)) {
    // The lexer marks documents and scalars with tokens that are not in the text.
    if (token === '\u0002' || token === '\u0018' || token === '\u001f') {
      inScalar = token === '\u001f';
      continue;
    }
    if (!inScalar && token.startsWith('#')) comments.push({ text: token.trimEnd(), line, column });
    inScalar = false;
    const lines = token.split('\n');
    if (lines.length > 1) [line, column] = [line + lines.length - 1, 1];
    column += lines.at(-1)!.length;
  }
  return comments;
}
