// dist/action/main.mjs: the action for workflows as one file, so that it runs where nothing is installed.
import { rename } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { BugError } from '../core/errors/sluice-error.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = process.argv[2] ?? `${root}dist/action/main.mjs`;

const bundle = await rolldown({
  input: `${root}cli/bin/action.ts`,
  cwd: root,
  platform: 'node',
  external: [],
  onLog: (level, log) => {
    if (level === 'warn') throw new BugError(log.message); // something is left out of the file
  },
});
const part = `${out}.${process.pid}`; // whoever runs the file meanwhile has it whole
await bundle.write({ file: part, format: 'esm', codeSplitting: false, comments: false });
await bundle.close();
await rename(part, out);
