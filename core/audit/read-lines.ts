import { closeSync, openSync, readSync } from 'node:fs';
import { InputError } from '../errors/sluice-error.ts';

/** One line of a file. `bytes` are without the newline and valid until the next line is asked for. */
export interface RawLine {
  readonly bytes: Uint8Array;
  /** Counts from 1. */
  readonly number: number;
  /** Where the line starts in the file. */
  readonly offset: number;
  /** False for a last line without a newline. */
  readonly ended: boolean;
}

const chunkBytes = 1024 * 1024;
/** Longer lines are not of ours, and would need unbounded memory. */
export const longestLine = 16 * 1024 * 1024;

/** The lines of a file, read in chunks. */
export function* readLines(path: string): Generator<RawLine, void, undefined> {
  const file = open(path);
  try {
    let buffer = Buffer.allocUnsafe(chunkBytes);
    let start = 0;
    let end = 0;
    let offset = 0;
    let number = 1;
    for (;;) {
      const newline = buffer.subarray(start, end).indexOf(0x0a);
      if (newline >= 0) {
        yield { bytes: buffer.subarray(start, start + newline), number, offset, ended: true };
        number++;
        start += newline + 1;
        offset += newline + 1;
        continue;
      }
      if (end - start > longestLine) {
        throw new InputError('RecordingDamaged', 'a line is longer than 16 MiB', { at: `${path}:${number}` });
      }
      if (start > 0) {
        buffer.copyWithin(0, start, end);
        end -= start;
        start = 0;
      }
      if (end === buffer.length) {
        const larger = Buffer.allocUnsafe(buffer.length * 2);
        buffer.copy(larger, 0, 0, end);
        buffer = larger;
      }
      const read = readSync(file, buffer, end, buffer.length - end, null);
      if (read === 0) break;
      end += read;
    }
    if (end > start) yield { bytes: buffer.subarray(start, end), number, offset, ended: false };
  } finally {
    closeSync(file);
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new InputError('FileUnreadable', 'a file of the recording could not be read', { at: path, cause });
  }
}
