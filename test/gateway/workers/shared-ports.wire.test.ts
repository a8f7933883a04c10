import { connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../../../core/clock/clock.ts';
import { type Listener, listenTcp } from '../../../gateway/net/listener.ts';
import { SharedPorts } from '../../../gateway/workers/shared-ports.ts';

const host = '127.0.0.1';
const listen = { host, advertisedHost: host, port: 0, brokerPorts: undefined, tls: undefined };
const ports = (): SharedPorts => new SharedPorts([{ name: 'main', listen }], systemClock);

test('everybody who asks for a broker gets the same port, and they can all listen on it', async () => {
  const shared = ports();
  const [a, b, other, bootstrap] = await Promise.all([
    shared.portFor('main', 1),
    shared.portFor('main', 1),
    shared.portFor('main', 2),
    shared.portFor('main', undefined),
  ]);
  expect(b).toBe(a);
  expect(new Set([a, other, bootstrap]).size).toBe(3);
  const served: number[] = [];
  const listeners: Listener[] = [];
  for (const id of [1, 2]) {
    const options = { host, port: a, shared: true };
    listeners.push(
      await listenTcp(options, (socket) => {
        served.push(id);
        socket.destroy();
      }),
    );
  }
  for (let i = 0; i < 64; i++) {
    await new Promise<void>((resolve) => {
      const socket = connect(a, host);
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });
  }
  await expect.poll(() => served.length).toBe(64);
  expect(new Set(served)).toEqual(new Set([1, 2]));
  for (const listener of listeners) await listener.stopAccepting();
});

test('a port that somebody else has is refused, and asked for anew', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, host, resolve));
  const { port } = taken.address() as { port: number };
  const shared = new SharedPorts([{ name: 'main', listen: { ...listen, port } }], systemClock);
  await expect(shared.portFor('main', undefined)).rejects.toMatchObject({
    code: 'BadConfig',
    why: 'the port is in use',
  });
  await new Promise((resolve) => taken.close(resolve));
  expect(await shared.portFor('main', undefined)).toBe(port);
  await expect(shared.portFor('none', undefined)).rejects.toMatchObject({ code: 'WorkerFailed' });
});
