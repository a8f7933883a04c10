/** Starts Java processes that cannot outlive this one, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A small and quickly started JVM; what runs here is short-lived. */
export const smallJvm = [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Djava.awt.headless=true',
  '-Djava.net.preferIPv4Stack=true',
];

/**
 * Waits on a pipe from this process. A line says that Java has ended; an end without one, that this process is gone,
 * and then Java, which has the shell's pid, is killed.
 */
const guard = '(read -r _ <&3 || kill -9 $$) 2>/dev/null & exec java "$@"';

/** `output` is a file descriptor for stdout and stderr, or 'pipe' for all three streams. The child's pid is Java's. */
export function spawnJava(args: readonly string[], output: number | 'pipe'): ChildProcess {
  const input = output === 'pipe' ? 'pipe' : 'ignore';
  const child = spawn('sh', ['-c', guard, 'sh', ...args], { stdio: [input, output, output, 'pipe'] });
  const pipe = child.stdio[3];
  child.once('exit', () => {
    if (pipe && 'end' in pipe) pipe.end('ended\n');
  });
  pipe?.on('error', () => undefined);
  return child;
}

/** The jars of a folder, in a fixed order, as a class archive needs it. */
export function classpath(folder: string): string {
  const jars = readdirSync(folder).filter((name) => name.endsWith('.jar'));
  return jars
    .sort()
    .map((name) => join(folder, name))
    .join(':');
}
