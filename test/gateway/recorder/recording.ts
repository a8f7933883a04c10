import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEvent } from '../../../core/audit/event.ts';
import { Recorder, type RecorderOptions } from '../../../gateway/recorder/recorder.ts';
import { signer } from '../../core/audit/recorded.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** A recorder with the tests' key. */
export async function openRecorder(folder: string, options: Partial<RecorderOptions> = {}): Promise<Recorder> {
  const recorder = await Recorder.open({
    folder,
    gw: 'gw1',
    origin: signer.name,
    signer,
    clock: new FakeClock(),
    version: '0.1.0',
    ...options,
  });
  await settled(recorder);
  return recorder;
}

export const fetched = (n: number): AuditEvent => ({ kind: 'fetch_done', topics: [], bytes: n });

/** Every line of a log folder, parsed. */
export function linesOf(folder: string): Readonly<Record<string, unknown>>[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ndjson'))
    .sort()
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

/** Lets everything that is on its way happen. */
export async function settled(recorder: Recorder): Promise<void> {
  for (let i = 0; i < 2000 && recorder.queued.events > 0; i++) await turn();
  for (let i = 0; i < 20; i++) await turn();
}

export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1);
  });
}
