import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temp folder that is gone when the scope ends: `await using dir = await tempDir()`. */
export async function tempDir(): Promise<{ path: string; join: (...parts: string[]) => string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  return {
    path,
    join: (...parts) => join(path, ...parts),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
