/**
 * The floor: a TCP relay that knows no Kafka. It reads into one buffer that grows to 1 MB and hands each read on whole;
 * reading stops until that is written. `node relay.ts PORT` listens on a free port, which it prints, and connects to
 * PORT for each client.
 */
import { createServer, Socket } from 'node:net';

const target = Number(process.argv[2]);
const smallest = 16 << 10;
const largest = 1 << 20;

function pump(options: object, peer: () => Socket): Socket {
  let size = smallest;
  let buffer = Buffer.allocUnsafeSlow(size);
  const socket: Socket = new Socket({
    ...options,
    allowHalfOpen: false,
    onread: {
      buffer: () => buffer,
      callback(length: number) {
        const to = peer();
        const view = buffer.subarray(0, length);
        if (length === size && size < largest) {
          size = Math.min(largest, size * 4);
          buffer = Buffer.allocUnsafeSlow(size);
        }
        to.write(view);
        if (to.writableLength > 0) {
          socket.pause();
          to.write('', () => socket.resume());
        }
        return true;
      },
    },
  } as never);
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('close', () => peer().destroy());
  return socket;
}

const server = createServer({ pauseOnConnect: true, noDelay: true }, (raw) => {
  const holder = raw as unknown as { _handle: unknown };
  const handle = holder._handle;
  holder._handle = null;
  const client: Socket = pump({ handle }, () => broker);
  const broker: Socket = pump({}, () => client);
  broker.connect(target, '127.0.0.1', () => {
    client.resume();
    broker.resume();
  });
});
server.listen(Number(process.argv[3] ?? 0), '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`);
});
