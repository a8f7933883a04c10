import { visible } from './style.ts';

/** A code span that its text cannot end: nothing in it is markup, a mention or a link. */
export function code(text: string): string {
  const safe = visible(text).replaceAll(/\s/g, ' ');
  const runs = [...safe.matchAll(/`+/g)].map(([run]) => run.length);
  const fence = '`'.repeat(Math.max(0, ...runs) + 1);
  const pad = safe.startsWith('`') || safe.endsWith('`') || safe.trim() === '' ? ' ' : '';
  return `${fence}${pad}${safe}${pad}${fence}`;
}

/** As `code`, in a cell of a table, where a bar would end the cell. */
export function cellCode(text: string): string {
  return code(text).replaceAll('|', '\\|');
}
