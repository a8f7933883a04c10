import { createServer, type Server, type Socket } from 'node:net';
import { UpstreamError } from '../../core/errors/sluice-error.ts';
import { keepAliveMs } from './keep-alive.ts';

export interface Listener extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Takes no more connections; the ones there are stay. */
  stopAccepting(): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Other processes of this user may listen there too: the kernel spreads new connections over all of them. */
  readonly shared?: boolean;
}

/**
 * Listens on a TCP address. `onConnection` gets sockets that are paused, and has to end those whose peer has
 * half-closed.
 */
export async function listenTcp(
  { host, port, shared = false }: ListenOptions,
  onConnection: (socket: Socket) => void,
): Promise<Listener> {
  const server = createServer(
    {
      pauseOnConnect: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
      allowHalfOpen: true,
    },
    onConnection,
  );
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void =>
      reject(
        new UpstreamError('BadConfig', `cannot listen on ${host}:${port}`, {
          why: cause.code === 'EADDRINUSE' ? 'the port is in use' : (cause.code ?? 'the address cannot be used'),
          fix: 'choose another port, or 0 for a free one',
          cause,
        }),
      );
    server.once('error', failed);
    server.listen({ host, port, backlog: 1024, reusePort: shared }, () => {
      server.off('error', failed);
      resolve();
    });
  });
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  server.on('error', () => {}); // an accept that fails (no file handles) concerns that connection only
  const stop = (): Promise<void> => closeServer(server);
  return { host, port: bound, stopAccepting: stop, [Symbol.asyncDispose]: stop };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close();
    resolve(); // open connections keep `close` from calling back; they are ended by their owners
  });
}
