/**
 * Mutated frames through the whole path of requests and answers, without sockets: `npm run fuzz [-- FRAMES [SEED]]`.
 * Fails for a crash, for a frame that takes more than a second of the processor, for memory that grows, and for a request that should
 * not have been passed on.
 */
import { fuzz } from './fuzz.ts';

const frames = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? process.pid);
const alive = setInterval(() => undefined, 1000);
const report = await fuzz(frames, seed);
clearInterval(alive);
const { failures, slowestMs, grownBytes } = report;
process.stdout.write(`${JSON.stringify({ seed, ...report, failures: failures.length }, undefined, 2)}\n`);
for (const failure of failures) process.stderr.write(`${failure}\n`);
if (failures.length > 0 || slowestMs > 1000 || grownBytes > 256 << 20) process.exitCode = 1;
