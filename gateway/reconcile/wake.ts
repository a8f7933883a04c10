import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { watch } from 'chokidar';

/**
 * Calls back when a local remote's refs change, so that a fetch need not wait for the next poll. It only wakes: what
 * is true is read by the fetch. Remotes elsewhere are polled, or woken by a webhook.
 */
export function watchLocalRemote(url: string, wake: () => void): AsyncDisposable | undefined {
  const path = url.startsWith('file://') ? new URL(url).pathname : url;
  if (!path.startsWith('/')) return undefined;
  const dir = existsSync(join(path, '.git')) ? join(path, '.git') : path;
  if (!existsSync(join(dir, 'refs'))) return undefined;
  const watcher = watch([join(dir, 'refs'), join(dir, 'packed-refs')], { ignoreInitial: true });
  watcher.on('all', wake);
  watcher.on('error', () => {}); // polling goes on
  return { [Symbol.asyncDispose]: () => watcher.close() };
}
