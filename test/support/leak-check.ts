/**
 * Runs around everything: tests get a temporary folder of the run, and whatever of Sluice's is left in it at the end, or
 * still runs as a child, fails the run. Java's and Node's own caches are none of ours.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BugError } from '../../core/errors/sluice-error.ts';

export default function setup(): () => void {
  const outside = tmpdir();
  const folder = mkdtempSync(join(outside, 'sl-'));
  process.env['TMPDIR'] = folder;
  return () => {
    process.env['TMPDIR'] = outside;
    const files = readdirSync(folder).filter((name) => /sluice|^tmp/.test(name));
    const children = leftChildren(folder);
    rmSync(folder, { recursive: true, force: true });
    if (files.length + children.length === 0) return;
    process.exitCode = 1;
    throw new BugError(`the tests left behind: ${[...files, ...children].join(', ')}`);
  };
}

/** Processes that work in the run's folder, by their command lines (Linux; elsewhere nothing is known). */
function leftChildren(folder: string): string[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
      .flatMap((pid) => {
        try {
          const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
          return command.includes(folder) ? [`process ${pid} (${command.slice(0, 120)})`] : [];
        } catch {
          return []; // it has just ended
        }
      });
  } catch {
    return [];
  }
}
