import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BugError } from '../core/errors/sluice-error.ts';

/** What the licenses of bundled packages ask for, their own text beside the code, of the packages that files are of. */
export function licensesOf(files: readonly string[]): string {
  const folders = files.flatMap((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const [file] = globSync('{LICENSE,LICENCE,license,licence,License}*', { cwd: folder });
    const text = file === undefined ? `License: ${license}` : readFileSync(join(folder, file), 'utf8').trim();
    if (file === undefined && license === undefined) throw new BugError(`${name} does not say its license`);
    return `${name} ${version}\n\n${text}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
