/** `npm run bench [-- NAME...]`: runs the named benches, or all, one after another. Each prints its own numbers. */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';

const benches = ['mask', 'validate', 'recorder', 'expiry', 'proxy'] as const;
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !benches.some((bench) => bench === name));
if (unknown.length > 0) {
  process.stderr.write(`no such bench: ${unknown.join(', ')}; there are ${benches.join(', ')}\n`);
  process.exitCode = 2;
} else {
  process.stdout.write(`node ${process.version}, ${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown processor'}\n`);
  for (const name of benches) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    process.stdout.write(`\n== ${name}\n`);
    const ran = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`)], { stdio: 'inherit' });
    if (ran.status !== 0) process.exitCode = 1;
  }
}
