/** A relay that stands in front of a broker and notes the frames that pass, in both directions. */
import { connect, createServer, type Socket } from 'node:net';
import { Framer } from '../../core/bytes/framer.ts';
import { ApiKey } from '../../gateway/kafka/wire/generated/apis.ts';
import { RequestHeader } from '../../gateway/kafka/wire/request-header.ts';

/** One frame, with its length prefix. A response has the key and version of its request. */
export interface RecordedFrame {
  readonly direction: 'request' | 'response';
  readonly apiKey: number;
  readonly version: number;
  readonly bytes: Buffer;
}

/** A running relay with what passed through it. */
export interface FrameRecorder extends AsyncDisposable {
  readonly port: number;
  readonly frames: RecordedFrame[];
  /** Sets where connections are relayed to; the port of the broker is known only after it was told this one. */
  relayTo(port: number): void;
}

/** Starts a relay on a free loopback port. */
export async function recordFrames(): Promise<FrameRecorder> {
  const host = '127.0.0.1';
  const frames: RecordedFrame[] = [];
  const sockets = new Set<Socket>();
  let target = 0;
  const server = createServer((client) => {
    const broker = connect(target, host);
    const waiting: { apiKey: number; version: number }[] = [];
    pump(client, broker, (bytes) => {
      const { apiKey, apiVersion: version, bodyOffset } = new RequestHeader().read(bytes);
      frames.push({ direction: 'request', apiKey, version, bytes });
      const unanswered = apiKey === ApiKey.Produce && acks(bytes, version, bodyOffset) === 0;
      if (!unanswered) waiting.push({ apiKey, version });
    });
    pump(broker, client, (bytes) => {
      const request = waiting.shift();
      if (request) frames.push({ direction: 'response', ...request, bytes });
    });
  });
  const pump = (from: Socket, to: Socket, onFrame: (bytes: Buffer) => void): void => {
    const framer = new Framer(1 << 30);
    sockets.add(from);
    from.on('data', (chunk) => {
      framer.push(chunk, (frame) => {
        onFrame(Buffer.from(frame));
        return undefined;
      });
      to.write(chunk);
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  };
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, host, resolve);
  await promise;
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    frames,
    relayTo(port) {
      target = port;
    },
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      for (const socket of sockets) socket.destroy();
      await closed.promise;
    },
  };
}

/** Of a Produce request: behind the transactional id, whose length has one byte from version 9 on. */
function acks(bytes: Buffer, version: number, body: number): number {
  if (version >= 9) return bytes.readInt16BE(body + 1 + Math.max(0, bytes[body]! - 1));
  return bytes.readInt16BE(body + 2 + Math.max(0, bytes.readInt16BE(body)));
}
