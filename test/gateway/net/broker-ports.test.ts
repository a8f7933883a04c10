import { expect, test } from 'vitest';
import { BrokerPorts } from '../../../gateway/net/broker-ports.ts';

test('brokers get the ports of the range in the order in which they come, keep them, and no more than there are', () => {
  const ports = new BrokerPorts({ port: 9093, brokerPorts: { from: 9092, to: 9095 } });
  expect(ports.portFor(undefined)).toBe(9093);
  expect([7, 3, 7].map((node) => ports.portFor(node))).toEqual([9092, 9094, 9092]);
  expect(ports.portFor(4)).toBe(9095);
  expect(() => ports.portFor(5)).toThrow(
    expect.objectContaining({ code: 'BrokerUnreachable', fix: expect.any(String) }),
  );
  expect(ports.portFor(3)).toBe(9094);
});

test('without a range any port that is free', () => {
  expect(new BrokerPorts({ port: 9092, brokerPorts: undefined }).portFor(1)).toBe(0);
});
