import { execFile } from 'node:child_process';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { cachePath, filledOnce } from './maven.ts';

/** Path of a program in Go, built once per user and version from its module with the ordinary Go client. */
export async function goProgram(module: string, version: string): Promise<string> {
  const name = basename(module);
  const folder = await filledOnce(cachePath(`${name}-${version}`), async (to) => {
    const env = { ...process.env, GOBIN: to, GOFLAGS: '', GOWORK: 'off' };
    await promisify(execFile)('go', ['install', `${module}@v${version}`], { env });
  });
  return join(folder, name);
}
