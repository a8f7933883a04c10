/** Consumers that wait for records that do not come: what each costs what stands in the path. */
import { setTimeout as pause } from 'node:timers/promises';
import { apis } from '../../gateway/kafka/wire/generated/apis.ts';
import {
  defaultFetchRequest,
  defaultFetchRequestFetchPartition,
  defaultFetchRequestFetchTopic,
} from '../../gateway/kafka/wire/generated/fetch.ts';
import { defaultListOffsetsRequest } from '../../gateway/kafka/wire/generated/list-offsets.ts';
import type { RawClient } from '../../test/support/raw-client.ts';
import { openClient } from './login.ts';
import { cpuSeconds, memory } from './process-cost.ts';
import type { Target } from './targets.ts';

const longPoll = 500;
const watched = 10;
const settle = 3_000;

export async function idle(
  target: Target,
  count: number,
): Promise<{ readonly kilobytesEach: number; readonly cpuPercent: number }> {
  const pid = target.pid!;
  await pause(settle);
  const before = memory(pid).now;
  using clients = new DisposableStack();
  let going = true;
  const loops: Promise<void>[] = [];
  for (let i = 0; i < count; i += 20) {
    await Promise.all(
      Array.from({ length: Math.min(20, count - i) }, async () => {
        const client = clients.use(await openClient(target));
        loops.push(poll(client, target.topic, () => going));
      }),
    );
  }
  await pause(settle);
  const cpu = cpuSeconds(pid);
  await pause(watched * 1000);
  const cpuPercent = ((cpuSeconds(pid) - cpu) / watched) * 100;
  const kilobytesEach = (memory(pid).now - before) / count / 1024;
  going = false;
  await Promise.all(loops);
  return { kilobytesEach, cpuPercent };
}

async function poll(client: RawClient, topic: string, going: () => boolean): Promise<void> {
  const { topics } = await client.ask(apis.ListOffsets, 7, {
    ...defaultListOffsetsRequest,
    replicaId: -1,
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1n }] }],
  });
  const fetchOffset = topics[0]!.partitions[0]!.offset;
  while (going()) {
    await client.ask(apis.Fetch, 12, {
      ...defaultFetchRequest,
      maxWaitMs: longPoll,
      minBytes: 1,
      sessionEpoch: -1,
      topics: [
        {
          ...defaultFetchRequestFetchTopic,
          topic,
          partitions: [{ ...defaultFetchRequestFetchPartition, partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 }],
        },
      ],
    });
  }
}
