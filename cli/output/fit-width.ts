/** Text for a person, made as narrow as where it is read: lines break at spaces and go on below what they began with. */
import { stripVTControlCharacters } from 'node:util';

/**
 * Breaks what is longer than `width` columns. A path, a digest or another word that alone is longer stays whole, since
 * half of it is of no use; so do code frames, which are cut where they are made. A command goes on after a backslash.
 */
export function fitWidth(text: string, width: number | undefined): string {
  if (width === undefined) return text;
  return text
    .split('\n')
    .flatMap((line) => (lengthOf(line) <= width ? [line] : broken(line, width)))
    .join('\n');
}

/** Columns of a text, without its colour codes. */
export function lengthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

const codeFrame = /^ {2}\s*\d* \|/;
const command = /^(sluice|git|openssl) /;

function broken(line: string, width: number): string[] {
  const plain = stripVTControlCharacters(line);
  if (codeFrame.test(plain)) return [line];
  const { from, hang } = hangOf(plain, width);
  const start = rawIndex(line, from);
  const isCommand = command.test(plain.slice(from));
  const words = isCommand ? shellWords(line.slice(start)) : line.slice(start).split(' ');
  const most = isCommand ? width - 2 : width;
  const lines: string[] = [];
  let current = line.slice(0, start) + words[0];
  for (const word of words.slice(1)) {
    if (lengthOf(current) + 1 + lengthOf(word) <= most) current += ` ${word}`;
    else {
      lines.push(current.trimEnd());
      current = ' '.repeat(hang) + word;
    }
  }
  lines.push(current);
  return isCommand ? lines.map((one, i) => (i < lines.length - 1 ? `${one} \\` : one)) : lines;
}

/** Where the words of a line begin, and below which column they go on: the last column of a table, what follows a label. */
function hangOf(plain: string, width: number): { from: number; hang: number } {
  const columns = [...plain.matchAll(/(?<=\S) {2,}(?=\S)/g)].map(({ 0: gap, index }) => index + gap.length);
  const label = /^ *[^\s:]+( [^\s:]+)?: +/.exec(plain)?.[0].length ?? 0;
  const column = columns.findLast((end) => end <= width * 0.6) ?? (label <= 16 ? label : 0);
  if (column > 0) return { from: column, hang: column };
  const from = /^ */.exec(plain)![0].length;
  return { from, hang: from + 2 > width / 2 ? 0 : from + 2 };
}

/** The index in a text with colour codes of the nth character without them. */
function rawIndex(raw: string, n: number): number {
  let [at, seen] = [0, 0];
  while (seen < n && at < raw.length) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with it
    const code = /^\u001b\[[\d;]*m/.exec(raw.slice(at));
    if (code) at += code[0].length;
    else {
      at++;
      seen++;
    }
  }
  return at;
}

/** Words of a command line; what is in quotes is one. */
function shellWords(text: string): string[] {
  return text.match(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|\S)+/g) ?? [text];
}
