/** One command from its first word to its exit code. */
import { flush } from '@oclif/core/flush';
import { run } from '@oclif/core/run';
import { settings } from '@oclif/core/settings';
import { describeError } from '../output/error.ts';
import { wantsColors } from '../output/style.ts';
import { loadOptions } from './load-options.ts';

settings.enableAutoTranspile = false; // node runs .ts itself; oclif's own way needs TypeScript's old API
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0); // the reader has left (| head)
  });
}

setInterval(() => undefined, 60_000); // the clock's own timers let a process end, as when a forge is asked again
try {
  const argv = process.argv.slice(2);
  await run(argv, loadOptions(argv));
  await flush();
} catch (error) {
  const { argv, env, stderr } = process;
  const colors = wantsColors({ argv: argv.slice(2), env, isTTY: stderr.isTTY });
  const { text, exitCode } = describeError(error, { colors });
  if (text) process.stderr.write(`${text}\n`);
  process.exitCode = exitCode;
}
// Whatever a command has left open (a watcher, a socket on its way out) must not keep the process.
process.exit();
