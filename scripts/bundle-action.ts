// dist/action/main.mjs: the action for workflows as one file, so that it runs where nothing is installed.
import { appendFile, rename } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { BugError } from '../core/errors/sluice-error.ts';
import { licensesOf } from './licenses-of.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = process.argv[2] ?? `${root}dist/action/main.mjs`;

const bundle = await rolldown({
  input: `${root}cli/bin/action.ts`,
  cwd: root,
  platform: 'node',
  external: [],
  transform: { target: 'node22' }, // Gitea's runners take the Node of their image, whatever action.yml says
  onLog: (level, log) => {
    if (level === 'warn') throw new BugError(log.message); // something is left out of the file
  },
});
const part = `${out}.${process.pid}`; // whoever runs the file meanwhile has it whole
const { output } = await bundle.write({ file: part, format: 'esm', codeSplitting: false, comments: false });
await bundle.close();
const [{ moduleIds }] = output;
await appendFile(part, `/*\nPackages that are in this file:\n\n${licensesOf(moduleIds).replaceAll('*/', '* /')}*/\n`);
await rename(part, out);
