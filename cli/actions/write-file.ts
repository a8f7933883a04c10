import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../../core/errors/sluice-error.ts';
import { makeFolder } from './make-folder.ts';

/** Writes a whole file, or leaves it as it was, whatever happens. Makes its folder; a file that is there keeps its mode. */
export function writeWhole(path: string, text: string): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    makeFolder(folder);
    const mode = lstatSync(path, { throwIfNoEntry: false })?.mode;
    const file = openSync(temporary, 'wx');
    try {
      if (mode !== undefined) fchmodSync(file, mode & 0o7777);
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (cause) {
    try {
      rmSync(temporary, { force: true });
    } catch {
      // there is no such folder: nothing was written
    }
    throw new InputError('FileNotWritten', `cannot write ${path}`, {
      why: (cause as NodeJS.ErrnoException).code ?? 'writing it failed',
      fix: existsSync(folder) ? 'make its folder writable' : `${folder} cannot be made; name another folder`,
      at: path,
      cause,
    });
  }
}
