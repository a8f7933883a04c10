import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { cachePath, filledOnce } from './maven.ts';

/** Path of a program of ours whose sources are in a folder, built again when they change. It needs Go as `go`. */
export async function goSources(sources: string, name: string): Promise<string> {
  const hash = createHash('sha256');
  for (const file of readdirSync(sources).toSorted()) hash.update(readFileSync(join(sources, file)));
  const folder = await filledOnce(cachePath(`go-${name}-${hash.digest('hex').slice(0, 8)}`), async (to) => {
    await promisify(execFile)('go', ['build', '-trimpath', '-o', join(to, name), '.'], { cwd: sources });
  });
  return join(folder, name);
}

/** Path of a program in Go, built once per user and version from its module with the ordinary Go client. */
export async function goProgram(module: string, version: string): Promise<string> {
  const name = basename(module);
  const folder = await filledOnce(cachePath(`${name}-${version}`), async (to) => {
    const env = { ...process.env, GOBIN: to, GOFLAGS: '', GOWORK: 'off' };
    await promisify(execFile)('go', ['install', `${module}@v${version}`], { env });
  });
  return join(folder, name);
}
