import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = new URL('../../', import.meta.url);

/** Path of the action's one file, made anew from the sources as `npm run build` makes it. */
export async function builtAction(): Promise<string> {
  await promisify(execFile)(process.execPath, [fileURLToPath(new URL('scripts/bundle-action.ts', root))]);
  return fileURLToPath(new URL('dist/action/main.mjs', root));
}
