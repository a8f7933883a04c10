import { createTwoFilesPatch } from 'diff';
import type { FormatResult } from '../actions/format-files.ts';
import { problemBlock } from './problems-pretty.ts';
import { type Style, visible } from './style.ts';

/** A unified diff of every file that changes. */
export function formatDiff({ changed }: FormatResult, style: Style): string {
  return changed
    .map(({ path, before, after }) => {
      const patch = createTwoFilesPatch(`a/${path}`, `b/${path}`, before, after).replace(/^=+\n/, '');
      return patch
        .split('\n')
        .map((line) => {
          const paint = line.startsWith('+') ? style.green : line.startsWith('-') ? style.red : (text: string) => text;
          return paint(visible(line));
        })
        .join('\n');
    })
    .join('');
}

/** Paths of the files that change, a line each. */
export function formatList({ changed }: FormatResult): string {
  return changed.map(({ path }) => `${visible(path)}\n`).join('');
}

/** Why files were left as they are. */
export function formatProblems({ problems, texts }: FormatResult, style: Style): string {
  return problems.map((problem) => `${problemBlock(problem, texts.get(problem.at.file), style)}\n\n`).join('');
}

/** One line with the numbers. */
export function formatSummary({ count, changed, problems }: FormatResult, check: boolean, style: Style): string {
  const files = `${count} file${count === 1 ? '' : 's'}`;
  const left = new Set(problems.map((problem) => problem.at.file)).size;
  const bad = left > 0 || count === 0 || (check && changed.length > 0);
  const parts = [count === 0 ? 'no file with a document of Sluice' : files];
  if (changed.length > 0) parts.push(`${changed.length} ${check ? 'to format' : 'formatted'}`);
  else if (!bad) parts.push('nothing to format');
  if (left > 0) parts.push(`${left} left as ${left === 1 ? 'it is' : 'they are'}`);
  return `${bad ? style.red('not ok:') : style.green('ok:')} ${parts.join(', ')}`;
}
