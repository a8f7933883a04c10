import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { InputError } from '../../core/errors/sluice-error.ts';

/** Writes a whole file or leaves it as it was; makes its folder. */
export function writeWhole(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, text, { flag: 'wx' });
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    const why = (cause as NodeJS.ErrnoException).code ?? 'writing it failed';
    throw new InputError('FileNotWritten', `cannot write ${path}`, {
      why,
      fix: 'make its folder writable',
      at: path,
      cause,
    });
  }
}
