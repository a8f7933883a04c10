/** franz-go, in a program of its own that is built once. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cachePath, filledOnce } from '../support/maven.ts';
import { lineProcess } from './line-process.ts';
import type { Client } from './operations.ts';

const run = promisify(execFile);
const sources = join(import.meta.dirname, 'franz-go');

/** Path of the program, built when its sources have changed. It needs Go as `go`. */
export async function buildFranzGo(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of readdirSync(sources).toSorted()) hash.update(readFileSync(join(sources, name)));
  const folder = await filledOnce(cachePath(`matrix-franz-go-${hash.digest('hex').slice(0, 8)}`), async (to) => {
    await run('go', ['build', '-trimpath', '-o', join(to, 'client'), '.'], { cwd: sources });
  });
  return join(folder, 'client');
}

export async function franzGoClient(): Promise<Client> {
  return lineProcess(spawn(await buildFranzGo(), { stdio: ['pipe', 'pipe', 'pipe'] }));
}
