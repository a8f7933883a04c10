import { linkSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { UpstreamError } from '../errors/sluice-error.ts';

/**
 * One writer per log folder: a file `lock.<n>` that says which process writes. It is made complete by link(2), and a
 * stale one is followed by `lock.<n+1>`, so that of several processes that find it stale only one gets the folder.
 * Stale: on the same machine, when that process (by id and start time) is gone; from another machine or container,
 * when the file was not touched for a minute.
 */
export interface WriterLock {
  /** Says that the writer is alive; to be called every few seconds. */
  touch(now: number): void;
  release(): void;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Boot id and start time of the process, where the system tells. */
  readonly started: string | undefined;
}

const staleAfter = 60_000;

/** Takes the folder for this process. Throws RecordingLocked when another one has it. */
export function lockFolder(folder: string, now: number): WriterLock {
  const locks = lockFiles(folder);
  const newest = locks.at(-1);
  if (newest !== undefined && isHeld(join(folder, name(newest)), now)) throw locked(folder);
  const own = (newest ?? 0) + 1;
  const path = join(folder, name(own));
  const draft = join(folder, `lock-draft.${process.pid}`);
  writeFileSync(draft, JSON.stringify(holderOf(process.pid)));
  try {
    linkSync(draft, path);
  } catch (cause) {
    throw locked(folder, cause);
  } finally {
    unlinkSync(draft);
  }
  for (const other of lockFiles(folder)) {
    if (other === own) continue;
    if (isHeld(join(folder, name(other)), now)) {
      rmSync(path, { force: true });
      throw locked(folder);
    }
    rmSync(join(folder, name(other)), { force: true });
  }
  return {
    touch: (at) => utimesSync(path, at / 1000, at / 1000),
    release: () => rmSync(path, { force: true }),
  };
}

/** True while a living process writes into the folder. */
export function isLocked(folder: string, now: number): boolean {
  return lockFiles(folder).some((n) => isHeld(join(folder, name(n)), now));
}

const name = (n: number): string => `lock.${n}`;

function lockFiles(folder: string): number[] {
  return readdirSync(folder)
    .filter((file) => file.startsWith('lock.'))
    .map((file) => Number(file.slice('lock.'.length)))
    .filter((n) => Number.isSafeInteger(n) && n > 0)
    .sort((a, b) => a - b);
}

function isHeld(path: string, now: number): boolean {
  let holder: Partial<Holder>;
  let touched: number;
  try {
    holder = JSON.parse(readFileSync(path, 'utf8')) as Partial<Holder>;
    touched = statSync(path).mtimeMs;
  } catch {
    return false; // released since it was listed, or never a lock of ours
  }
  if (holder.host !== hostname()) return Math.abs(now - touched) < staleAfter;
  const pid = Number(holder.pid);
  return isAlive(pid) && (holder.started === undefined || holder.started === startOf(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function holderOf(pid: number): Holder {
  return { pid, host: hostname(), started: startOf(pid) };
}

/** Process ids come round again, in a container at once: the boot and the start time tell two processes apart. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    const state = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state[0] === 'Z' ? undefined : `${boot}/${state[19]}`;
  } catch {
    return undefined;
  }
}

function locked(folder: string, cause?: unknown): UpstreamError {
  return new UpstreamError('RecordingLocked', 'another process writes into the recordings folder', {
    at: folder,
    fix: 'give each gateway process its own folder, or stop the other one',
    cause,
    retry: 'later',
  });
}
