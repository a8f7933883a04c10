import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config, Interfaces } from '@oclif/core';

/** Where oclif finds the commands: cli/commands when run from source, dist/cli/commands with the manifest when built. */
export function loadOptions(): Exclude<Interfaces.LoadOptions, string | undefined | Config> {
  const here = dirname(fileURLToPath(import.meta.url));
  if (!import.meta.url.endsWith('.ts')) return { root: join(here, '..', '..', '..') };
  const root = join(here, '..', '..');
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return { root, ignoreManifest: true, pjson: { ...pjson, oclif: { ...pjson.oclif, commands: './cli/commands' } } };
}
