import { expect, test } from 'vitest';
import type { AuditEvent } from '../../../../core/audit/event.ts';
import type { FrameContext } from '../../../../gateway/kafka/enforce/context.ts';
import type { ConnectionWorld } from '../../../../gateway/kafka/proxy/connection-world.ts';
import { Journal } from '../../../../gateway/kafka/proxy/journal.ts';
import { MemoryRecorder } from '../../../support/proxy-world.ts';

const refusal = { kind: 'deny', operation: 'consume', resource: 'topic', name: 't', code: 'Unmaskable' } as const;
const read = { kind: 'fetch_done', topics: [], bytes: 1 } as const;

function given(events: readonly AuditEvent[]) {
  const recorder = new MemoryRecorder();
  const noted: AuditEvent[] = [];
  const flood = { note: (event: AuditEvent) => noted.push(event) };
  const counted: object[] = [];
  const words: string[] = [];
  const world = {
    cluster: 'main',
    listener: '1',
    recorder,
    flood,
    metrics: { denials: { add: (labels: object) => counted.push(labels) } },
    explain: (...said: { readonly message: string }[]) => words.push(said.at(-1)!.message),
  } as unknown as ConnectionWorld;
  const context = { events, grant: 'g', policy: 'p' } as unknown as FrameContext;
  return { recorder, noted, counted, words, context, journal: new Journal(world, 7, '127.0.0.1:5') };
}

test('refusals of a frame go to the flood quota, the rest to the log, both with who and where', () => {
  const { recorder, noted, counted, words, context, journal } = given([refusal, read]);
  journal.events(context, 3);
  expect(counted).toEqual([{ cluster: 'main', operation: 'consume', code: 'Unmaskable' }]);
  expect(words).toEqual([expect.stringContaining('may consume topic t on main, but a record in it cannot be masked')]);
  expect(recorder.events).toEqual([
    expect.objectContaining({ ...read, conn: '7', corr: 3, grant: 'g', cluster: 'main' }),
  ]);
  expect(noted).toEqual([expect.objectContaining({ ...refusal, conn: '7', corr: 3 })]);
});

test.each([
  ['a read behind a refusal', [refusal, read], 1],
  ['a refusal behind a read', [read, refusal], 1],
  ['refusals alone', [refusal, refusal], 0],
] as const)('%s: the callback comes once, after what has to be durable', async (_what, events, written) => {
  const { recorder, context, journal } = given(events);
  const error = await new Promise((resolve) => journal.durably(context, 1, resolve));
  expect(error).toBeUndefined();
  expect(recorder.events).toHaveLength(written);
});

test('a disk that fails is told, also when a refusal came last', async () => {
  const { recorder, context, journal } = given([read, refusal]);
  recorder.disk = 'fails';
  expect(await new Promise((resolve) => journal.durably(context, 1, resolve))).toMatchObject({
    code: 'RecorderFailed',
  });
});
