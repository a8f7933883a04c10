import { describe, expect, test } from 'vitest';
import type { CleanupEvent } from '../../../../core/audit/event.ts';
import { systemClock } from '../../../../core/clock/clock.ts';
import { UpstreamError } from '../../../../core/errors/sluice-error.ts';
import type { BrokerFeatures } from '../../../../gateway/kafka/enforce/context.ts';
import type { OpenTransaction } from '../../../../gateway/kafka/enforce/open-transactions.ts';
import { endTransactions, TransactionEnds } from '../../../../gateway/kafka/proxy/end-transactions.ts';
import type { BrokerConnection } from '../../../../gateway/kafka/upstream/broker-connection.ts';
import type { AnyApi } from '../../../../gateway/kafka/wire/api.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';

const open = (transactionalId: string): OpenTransaction => ({ transactionalId, producerId: 7n, producerEpoch: 3 });
const featuresOf = (level: number, endTxn: number): BrokerFeatures => ({
  versions: new Map([[apis.EndTxn.key, { min: 0, max: endTxn }]]),
  supported: [],
  finalized: [{ name: 'transaction.version', minVersionLevel: level, maxVersionLevel: level }],
  finalizedEpoch: 1n,
});

/** Ends transactions at brokers that answer EndTxn with these errors, in turn; the coordinator is broker 4. */
async function ending(transactions: OpenTransaction[], answers: number[], features = featuresOf(2, 5)) {
  const asked: string[] = [];
  const events: CleanupEvent[] = [];
  let closed = 0;
  const connectionTo = (nodeId: number | undefined) => ({
    async request(api: AnyApi, version: number, body: Readonly<Record<string, unknown>>) {
      const { key, keyType, transactionalId, producerEpoch, committed } = body;
      const what = api.name === 'EndTxn' ? [transactionalId, producerEpoch, committed] : [key, keyType];
      asked.push(`${nodeId ?? 'any'} ${api.name} v${version} ${what.join(' ')}`);
      return api.name === 'EndTxn' ? { errorCode: answers.shift() ?? 0 } : { errorCode: 0, nodeId: 4 };
    },
    close: () => closed++,
  });
  let opened = 0;
  await endTransactions(
    {
      clock: systemClock,
      features,
      connect: async (nodeId) => {
        opened++;
        return connectionTo(nodeId) as unknown as BrokerConnection;
      },
    },
    transactions,
    (event) => events.push(event),
  );
  expect(closed).toBe(opened);
  return {
    asked,
    events: events.map(({ what, name, ok, code }) => [what, name, ok, code].filter((x) => x !== undefined).join(' ')),
  };
}

describe('what a client that was cut had open', () => {
  test('is aborted at its coordinator, one connection to each broker', async () => {
    expect(await ending([open('a'), open('b')], [])).toEqual({
      asked: [
        'any FindCoordinator v3 a 1',
        '4 EndTxn v5 a 3 false',
        'any FindCoordinator v3 b 1',
        '4 EndTxn v5 b 3 false',
      ],
      events: ['end_txn a true', 'end_txn b true'],
    });
  });

  test.each([
    [1, 5, 3],
    [2, 4, 3],
    [2, 5, 5],
    [0, 2, 2],
  ])('transaction.version %i and EndTxn to %i: version %i', async (level, most, version) => {
    const { asked } = await ending([open('a')], [], featuresOf(level, most));
    expect(asked.at(-1)).toBe(`4 EndTxn v${version} a 3 false`);
  });

  test.each([47, 48, 49, 90])('is over already when the broker says %i, which is no clean-up', async (errorCode) => {
    expect((await ending([open('a')], [errorCode])).events).toEqual([]);
  });

  test('is tried again while the coordinator moves or is busy, and what is refused is told', async () => {
    const moved = await ending([open('a')], [16, 51, 0]);
    expect(moved.asked.filter((line) => line.includes('EndTxn'))).toHaveLength(3);
    expect(moved.events).toEqual(['end_txn a true']);
    expect((await ending([open('a')], [53])).events).toEqual(['end_txn a false BrokerRefused']);
    const busy = await ending(
      [open('a')],
      Array.from({ length: 20 }, () => 51),
    );
    expect(busy.asked.filter((line) => line.includes('EndTxn'))).toHaveLength(10);
    expect(busy.events).toEqual(['end_txn a false BrokerRefused']);
  });

  test('is told as left open when no broker can be reached', async () => {
    const events: CleanupEvent[] = [];
    await endTransactions(
      {
        clock: systemClock,
        features: undefined,
        connect: () => Promise.reject(new UpstreamError('BrokerUnreachable', 'it is gone')),
      },
      [open('a')],
      (event) => events.push(event),
    );
    expect(events).toEqual([{ kind: 'cleanup', what: 'end_txn', name: 'a', ok: false, code: 'BrokerUnreachable' }]);
  });

  test('is ended once, though several connections of the session had it', () => {
    const ends = new TransactionEnds();
    const first = ends.claim('s', [open('a'), open('b')]);
    expect(first.mine).toHaveLength(2);
    expect(ends.claim('s', [open('a'), { ...open('b'), producerEpoch: 4 }]).mine).toEqual([
      { ...open('b'), producerEpoch: 4 },
    ]);
    expect(ends.claim('other', [open('a')]).mine).toHaveLength(1);
    first.done();
    expect(ends.claim('s', [open('a')]).mine).toHaveLength(1);
  });
});
