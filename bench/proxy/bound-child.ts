/** Children that end with the bench, however it ends (but for SIGKILL). */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

/** Starts a program that is killed when the stack is disposed of, or this process exits. */
export function spawnBound(
  stack: AsyncDisposableStack,
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const child = spawn(command, args, options);
  const kill = (): unknown => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  child.once('error', () => process.off('exit', kill));
  stack.defer(() => void kill());
  return child;
}
