/** A peer on a loopback port whose answers a test decides, request by request. */
import { createServer, type Socket } from 'node:net';
import { Framer } from '../../core/bytes/framer.ts';
import { Writer } from '../../core/bytes/writer.ts';
import type { Api } from '../../gateway/kafka/wire/api.ts';
import { RequestHeader } from '../../gateway/kafka/wire/request-header.ts';
import { writeResponseHeader } from '../../gateway/kafka/wire/response-header.ts';

/** The peer while it listens. */
export interface FakeBroker extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>;
}

/** Calls `onRequest` with each frame, its length prefix included. */
export async function fakeBroker(
  onRequest: (frame: Buffer, header: RequestHeader, socket: Socket) => void,
): Promise<FakeBroker> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const framer = new Framer(16 << 20);
    socket.on('data', (chunk) => {
      framer.push(chunk, (frame) => {
        onRequest(Buffer.from(frame), new RequestHeader().read(frame), socket);
        return undefined;
      });
    });
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  return {
    host: '127.0.0.1',
    port: typeof address === 'object' && address ? address.port : 0,
    sockets,
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      for (const socket of sockets) socket.destroy();
      await closed.promise;
    },
  };
}

/** A whole response frame. */
export function responseFrame<Response>(
  api: Api<unknown, Response> | Api<never, Response>,
  version: number,
  correlationId: number,
  body: Response,
): Buffer {
  const w = new Writer();
  const length = w.reserveInt32();
  writeResponseHeader(w, api.responseHeaderVersion(version), correlationId);
  api.writeResponse(w, version, body);
  w.patchInt32(length, w.byteLength - 4);
  return w.toBuffer();
}
