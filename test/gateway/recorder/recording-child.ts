// Writes into a recordings folder as fast as the disk lets it, and says on stdout what is durable, until it is killed.
// Arguments: folder, PEM key file, first number.
import { readFileSync } from 'node:fs';
import { noteSigner } from '../../../core/audit/signed-note.ts';
import { systemClock } from '../../../core/clock/clock.ts';
import { Recorder } from '../../../gateway/recorder/recorder.ts';

const [folder, pem, first] = process.argv.slice(2) as [string, string, string];
const signer = noteSigner('sluice.dev/audit/gw1', readFileSync(pem, 'utf8'));
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const recorder = await Recorder.open({
  folder,
  gw: 'gw1',
  origin: signer.name,
  signer,
  clock: systemClock,
  version: '0.1.0',
  segment: { bytes: 200_000, age: 300_000 },
  onHealth: (healthy, error) => say(healthy ? 'healthy' : `failed ${error?.why}`),
});
say('open');
let n = Number(first);
const next = (): void => {
  const own = n++;
  recorder.append({ kind: 'fetch_done', topics: [], bytes: own, latency: 1 });
  recorder.appendStrict({ kind: 'fetch_done', topics: [], bytes: own }, (error) => {
    if (!error) say(`durable ${own}`);
    if (recorder.healthy) next();
  });
};
for (let i = 0; i < 20; i++) next();
// An end that is asked for is in order.
process.stdin.on('data', () => {
  void recorder.close('signal').then(() => process.exit(0));
});
const stay = setInterval(() => undefined, 1000);
process.on('exit', () => clearInterval(stay));
