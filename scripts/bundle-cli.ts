/**
 * dist/: the CLI and the gateway as JavaScript, a file a command and shared chunks. What every start of the CLI loads is
 * bundled, since finding and compiling some 300 small files takes longer than most commands work; what only a gateway
 * needs, or is native, stays a package. `node scripts/bundle-cli.ts [FOLDER]`.
 */
import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { BugError } from '../core/errors/sluice-error.ts';
import packageJson from '../package.json' with { type: 'json' };
import { licensesOf } from './licenses-of.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = process.argv[2] ?? join(root, 'dist');

/** Dependencies that are bundled, with their own. */
const bundled: ReadonlySet<string> = new Set(['@marcbachmann/cel-js', '@oclif/core', 'ajv', 'canonicalize', 'yaml']);

/** Files that stand where their sources do: the package's bin, oclif and the gateway's workers are looked for there. */
const entries = [
  'cli/bin/main.ts',
  'cli/bin/run-command.ts',
  'gateway/main.ts',
  'gateway/reconcile/limits-thread.ts',
  ...globSync('cli/commands/**/*.ts', { cwd: root }).sort(),
];

const bundle = await rolldown({
  input: Object.fromEntries(entries.map((file) => [file.replace(/\.ts$/, ''), join(root, file)])),
  cwd: root,
  platform: 'node',
  external: (id) => {
    const name = /^(?:@[\w.-]+\/)?[\w.-]+/.exec(id)?.[0];
    return name !== undefined && Object.hasOwn(packageJson.dependencies, name) && !bundled.has(name);
  },
  onLog: (level, log) => {
    if (level === 'warn') throw new BugError(log.message); // something is left out of the files
  },
});
const { output } = await bundle.write({
  dir: out,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js',
});
await bundle.close();
const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
writeFileSync(join(out, 'LICENSES.txt'), `Packages that are in these files:\n\n${licensesOf(modules)}`);
