import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config, Interfaces } from '@oclif/core';

const commands = './cli/commands';

/**
 * Where oclif finds the commands: cli/commands when run from source, dist/cli/commands with the manifest when built.
 * From source there is no manifest, so that each command would be loaded to find the one that is meant: when the words
 * name one and nobody asks for help, oclif is shown that file alone.
 */
export function loadOptions(argv: readonly string[]): Exclude<Interfaces.LoadOptions, string | undefined | Config> {
  const here = dirname(fileURLToPath(import.meta.url));
  if (!import.meta.url.endsWith('.ts')) return { root: join(here, '..', '..', '..') };
  const root = join(here, '..', '..');
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const file = commandFile(argv, join(root, commands));
  const found =
    file === undefined ? commands : { strategy: 'pattern' as const, target: commands, globPatterns: [file] };
  return { root, ignoreManifest: true, pjson: { ...pjson, oclif: { ...pjson.oclif, commands: found } } };
}

/** The file of the command that the first words name; undefined when all commands are needed, as for help and completion. */
export function commandFile(argv: readonly string[], folder: string): string | undefined {
  if (argv[0] === 'complete' || argv.some((word) => word === '--help' || word === '-h')) return undefined;
  const isWord = (word: string | undefined): boolean => word !== undefined && /^[a-z][a-z-]*$/.test(word);
  for (const words of [argv.slice(0, 2), argv.slice(0, 1)]) {
    const file = `${words.join('/')}.ts`;
    if (words.every(isWord) && words.length > 0 && existsSync(join(folder, file))) return file;
  }
  return undefined;
}
