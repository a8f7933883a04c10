import { Kafka, type Kafka as KafkaClient, logLevel } from 'kafkajs';
import type { World } from './world.ts';

/** An unmodified Kafka client of somebody, through the gateway: the token is the password. */
export async function clientOf(world: World, name: string): Promise<KafkaClient> {
  return new Kafka({
    clientId: name,
    brokers: [world.gateway.addresses.clusters['main']!],
    sasl: { mechanism: 'plain', username: name, password: await world.issuer.token(name) },
    retry: { retries: 1 },
    logLevel: logLevel.NOTHING,
  });
}

/** The administrator at the broker itself, to set the stage and to look behind it. */
export function adminClient(world: World): KafkaClient {
  return new Kafka({
    clientId: 'demo-admin',
    brokers: [world.broker.bootstrap],
    sasl: { mechanism: 'scram-sha-512', username: world.broker.user, password: world.broker.password },
    logLevel: logLevel.NOTHING,
  });
}

export interface Read {
  readonly offset: string;
  readonly value: string;
}

/** Reads a topic until `stop` says so or the client is thrown out; tells how it ended. */
export async function readTopic(
  client: KafkaClient,
  options: { topic: string; group: string; onRecord: (record: Read) => void; stop: AbortSignal },
): Promise<{ readonly ended: 'stopped' | 'thrown out'; readonly error: string | undefined }> {
  const consumer = client.consumer({ groupId: options.group, maxWaitTimeInMs: 250, retry: { retries: 0 } });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: options.topic, fromBeginning: true });
    const crashed = new Promise<string>((resolve) => {
      consumer.on('consumer.crash', ({ payload }) => resolve(payload.error.message));
      consumer.on('consumer.disconnect', () => resolve('disconnected'));
    });
    await consumer.run({
      eachMessage: ({ message }) => {
        options.onRecord({ offset: message.offset, value: message.value?.toString() ?? '' });
        return Promise.resolve();
      },
    });
    const stopped = new Promise<undefined>((resolve) =>
      options.stop.addEventListener('abort', () => resolve(undefined)),
    );
    const error = await Promise.race([crashed, stopped]);
    return { ended: error === undefined ? 'stopped' : 'thrown out', error };
  } catch (error) {
    return { ended: 'thrown out', error: error instanceof Error ? error.message : String(error) };
  } finally {
    await Promise.race([
      consumer.disconnect().catch(() => undefined),
      new Promise((resolve) => setTimeout(resolve, 2000).unref()),
    ]);
  }
}
