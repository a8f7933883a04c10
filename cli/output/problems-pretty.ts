import { formatLocation, type Problem } from '../../core/errors/problem.ts';
import type { ValidateResult } from '../actions/validate-repo.ts';
import { type Style, visible } from './style.ts';

/** Problems for a person: each with the lines around it, the place marked, and how to mend it. */
export function problemsPretty(result: ValidateResult, style: Style, width?: number): string {
  const blocks = result.problems.map((problem) =>
    problemBlock(problem, result.texts.get(problem.at.file), style, width),
  );
  return [...blocks, summary(result, style)].join('\n\n');
}

/** `34 documents, no problems`, or how many of each. */
export function summary({ documents, errors, warnings }: ValidateResult, style: Style): string {
  const read = count(documents, 'document');
  if (errors + warnings === 0) return `${style.green('ok:')} ${read}, no problems`;
  const found = [errors > 0 ? count(errors, 'error') : '', warnings > 0 ? count(warnings, 'warning') : ''];
  const label = errors > 0 ? style.red('not ok:') : style.green('ok:');
  return `${label} ${read}, ${found.filter((part) => part !== '').join(', ')}`;
}

/** One problem with the lines around it, which are cut to `width` columns. */
export function problemBlock(problem: Problem, text: string | undefined, style: Style, width = widest): string {
  const paint = problem.severity === 'error' ? style.red : style.yellow;
  const lines = [
    `${paint(problem.severity)} ${style.dim(problem.rule)}: ${visible(problem.message)}`,
    `  ${style.dim('-->')} ${visible(formatLocation(problem.at))}`,
    ...(text === undefined ? [] : frame(problem, text, style, width)),
  ];
  if (problem.fix !== undefined) lines.push(`  ${style.bold('fix:')} ${visible(problem.fix)}`);
  return lines.join('\n');
}

/** Columns of a code frame where nothing says how many there are. */
const widest = 170;

/** Two lines before, the line itself with a marker below it. Long lines are cut around the place. */
function frame({ at }: Problem, text: string, style: Style, columns: number): string[] {
  const lines = text.split(/\r\n|\n/);
  const line = lines[at.line - 1];
  if (line === undefined || (line === '' && at.line === 1)) return [];
  const width = String(at.line).length;
  const longest = Math.min(160, columns - width - 5);
  const cut = at.column > longest / 2 && line.length > longest ? at.column - Math.floor(longest / 2) : 0;
  const rows: string[] = [];
  for (let n = Math.max(1, at.line - 2); n <= at.line; n++) {
    const shown = visible((lines[n - 1] ?? '').slice(cut, cut + longest));
    rows.push(`  ${style.dim(`${String(n).padStart(width)} |`)} ${shown}`.trimEnd());
  }
  const before = visible(line.slice(cut, at.column - 1)).length;
  const end = at.end?.line === at.line ? at.end.column : at.end ? line.length + 1 : at.column + 1;
  const marked = visible(line.slice(at.column - 1, Math.min(end - 1, cut + longest))).trimEnd().length;
  const marker = '^'.repeat(Math.max(1, marked));
  rows.push(`  ${style.dim(`${' '.repeat(width)} |`)} ${' '.repeat(before)}${style.red(marker)}`);
  return rows;
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}
