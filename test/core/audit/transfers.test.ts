import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AuditEvent, FetchDoneEvent, ProduceDoneEvent, TopicEntry } from '../../../core/audit/event.ts';
import { Transfers } from '../../../core/audit/transfers.ts';

const ada = { conn: '1', principal: 'ada' };
const bob = { conn: '2', principal: 'bob' };
const entry = (topic: string, partition: number, first: number, records = 1): TopicEntry => ({
  topic,
  partition,
  firstOffset: BigInt(first),
  lastOffset: BigInt(first + records - 1),
  records,
  bytes: records * 10,
});
const produced = (...topics: TopicEntry[]): ProduceDoneEvent => ({
  kind: 'produce_done',
  corr: 7,
  acks: -1,
  topics,
  bytes: topics.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
});
const fetched = (...topics: TopicEntry[]): FetchDoneEvent => ({ kind: 'fetch_done', topics, bytes: 100 });

/** Adds them a millisecond apart and takes all. */
function gathered(...events: readonly (readonly [AuditEvent, object])[]) {
  const transfers = new Transfers();
  let mono = 0;
  for (const [event, origin] of events) transfers.add(event, origin, { now: 1000 + mono, mono: mono++ });
  return transfers.take();
}

test('writes that follow each other are one event, with the time of the first and the last', () => {
  const found = gathered(
    [produced(entry('t', 0, 5)), ada],
    [produced(entry('t', 0, 6, 3)), ada],
    [produced(entry('t', 0, 9)), ada],
  );
  expect(found).toEqual([
    {
      event: {
        kind: 'produce_done',
        acks: -1,
        topics: [{ topic: 't', partition: 0, firstOffset: 5n, lastOffset: 9n, records: 5, bytes: 50 }],
        bytes: 50,
        requests: 3,
        from: 1000,
      },
      origin: ada,
      at: { now: 1002, mono: 2 },
    },
  ]);
});

test('one alone stays as it was', () => {
  const event = produced(entry('t', 0, 5));
  expect(gathered([event, ada])).toEqual([{ event, origin: ada, at: { now: 1000, mono: 0 } }]);
});

test('offsets that do not go on, other partitions, masks and errors stand for themselves, in one event', () => {
  const masked = { ...entry('t', 0, 9), masks: [{ rule: 'm/r', action: 'redact' as const, count: 1 }] };
  const refused = { topic: 't', partition: 0, records: 1, bytes: 10, error: 87 };
  const found = gathered(
    [produced(entry('t', 0, 5), entry('t', 1, 5)), ada],
    [produced(entry('t', 0, 7), entry('t', 1, 6)), ada],
    [produced(entry('t', 0, 8)), ada],
    [produced(masked), ada],
    [produced(refused), ada],
    [produced(entry('t', 0, 10)), ada],
  );
  expect(found).toHaveLength(1);
  expect(found[0]!.event.topics).toEqual([
    entry('t', 0, 5),
    { ...entry('t', 1, 5, 2) },
    entry('t', 0, 7, 2),
    masked,
    refused,
    entry('t', 0, 10),
  ]);
});

test('reads, writes, another origin and other acknowledgements are events of their own, in the order of time', () => {
  const found = gathered(
    [produced(entry('t', 0, 5)), ada],
    [produced(entry('t', 0, 6)), bob],
    [fetched(entry('t', 0, 1)), ada],
    [{ ...produced(entry('t', 0, 7)), acks: 1 }, ada],
    [produced(entry('t', 0, 8)), bob],
  );
  expect(found.map(({ event, origin, at }) => [event.kind, origin, event.requests, at.mono])).toEqual([
    ['produce_done', ada, undefined, 0],
    ['fetch_done', ada, undefined, 2],
    ['produce_done', ada, undefined, 3],
    ['produce_done', bob, 2, 4],
  ]);
});

test('many partitions are not searched through: large requests stay lines of their own', () => {
  const large = (first: number): ProduceDoneEvent =>
    produced(...Array.from({ length: 20_000 }, (_, partition) => entry('t', partition, first)));
  const before = performance.now();
  const found = gathered([large(0), ada], [large(7), ada], [produced(entry('t', 0, 8)), ada]);
  expect(found.map(({ event }) => [event.topics.length, event.requests])).toEqual([
    [20_000, undefined],
    [20_000, undefined],
    [1, undefined],
  ]);
  expect(performance.now() - before).toBeLessThan(2000); // one by one it would be many
});

test('what is no read or write, or has no origin, is not taken', () => {
  const transfers = new Transfers();
  const at = { now: 0, mono: 0 };
  expect(transfers.add({ kind: 'fetch_open', topics: [] }, ada, at)).toBe(false);
  expect(transfers.add(produced(), undefined, at)).toBe(false);
  expect(transfers.size).toBe(0);
});

test('nothing that was given is changed', () => {
  const first = produced(entry('t', 0, 5));
  const second = produced(entry('t', 0, 6));
  const before = structuredClone([first, second]);
  gathered([first, ada], [second, ada]);
  expect([first, second]).toEqual(before);
});

test('every record of every request is in exactly one range, and all counts come to the same', () => {
  const request = fc.array(
    fc.record({
      topic: fc.constantFrom('a', 'b'),
      partition: fc.nat(2),
      gap: fc.nat(1),
      records: fc.integer({ min: 1, max: 3 }),
    }),
    {
      minLength: 1,
      maxLength: 3,
    },
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(request, fc.boolean()), { maxLength: 300 }), (requests) => {
      const next = new Map<string, number>();
      const sent = new Set<string>();
      let bytes = 0;
      const events = requests.map(([parts, isAda]) => {
        const topics = parts.map(({ topic, partition, gap, records }) => {
          const key = `${topic}/${partition}`;
          const first = (next.get(key) ?? 0) + gap;
          next.set(key, first + records);
          for (let offset = first; offset < first + records; offset++) sent.add(`${key}/${offset}`);
          return entry(topic, partition, first, records);
        });
        const event = produced(...topics);
        bytes += event.bytes ?? 0;
        return [event, isAda ? ada : bob] as const;
      });
      const found = gathered(...events);
      const told: string[] = [];
      for (const { topic, partition, firstOffset, lastOffset, records } of found.flatMap(({ event }) => event.topics)) {
        expect(Number(lastOffset! - firstOffset!) + 1).toBe(records);
        for (let offset = firstOffset!; offset <= lastOffset!; offset++) told.push(`${topic}/${partition}/${offset}`);
      }
      expect(told.toSorted()).toEqual([...sent].toSorted());
      expect(found.reduce((sum, { event }) => sum + (event.bytes ?? 0), 0)).toBe(bytes);
      expect(found.reduce((sum, { event }) => sum + (event.requests ?? 1), 0)).toBe(requests.length);
      const times = found.map(({ at }) => at.mono);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }),
  );
});
