import type { InitResult } from '../actions/init-repo.ts';
import type { Style } from './style.ts';

/** What was written, and what to do next. */
export function initPretty({ folder, files, forge }: InitResult, style: Style): string {
  return [
    `${style.green('ok:')} wrote a policy repo into ${folder}`,
    ...files.map((file) => `  ${file}`),
    '',
    'next:',
    `  sluice validate ${folder}`,
    `  sluice test ${folder}`,
    `  sluice can-i consume orders.new --as alice --repo ${folder}`,
    ...(forge ? [`  read ${folder}/README.md: what to set on ${forge.repo} by hand`] : []),
  ].join('\n');
}
