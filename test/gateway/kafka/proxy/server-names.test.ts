import { expect, test } from 'vitest';
import { ServerNames } from '../../../../gateway/kafka/proxy/server-names.ts';

const names = new ServerNames('Kafka.Example.com');

test.each([
  ['kafka.example.com', { nodeId: undefined }],
  ['KAFKA.example.COM', { nodeId: undefined }],
  ['broker-0.kafka.example.com', { nodeId: 0 }],
  ['Broker-12.kafka.example.com', { nodeId: 12 }],
  ['broker-01.kafka.example.com', undefined],
  ['broker--1.kafka.example.com', undefined],
  ['broker-.kafka.example.com', undefined],
  ['broker-1.broker-2.kafka.example.com', undefined],
  ['x.kafka.example.com', undefined],
  ['broker-1kafka.example.com', undefined],
  ['broker-1.kafka.example.com.evil.test', undefined],
  ['', undefined],
])('%s', (name, found) => expect(names.find(name)).toEqual(found));

test('every broker is found by the name it is given', () => {
  for (const nodeId of [0, 7, 2_147_483_647]) expect(names.find(names.nameOf(nodeId))).toEqual({ nodeId });
});
