/** Opens a TCP or TLS connection to a broker, within a time limit. */
import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Clock } from '../../../core/clock/clock.ts';
import { UpstreamError } from '../../../core/errors/sluice-error.ts';
import { keepAliveMs } from '../../net/keep-alive.ts';
import { layeredOn } from '../../net/reset-socket.ts';

/** Where a broker listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How to connect, and how long to try. */
export interface DialOptions {
  readonly clock: Clock;
  /** Milliseconds for the whole of it: name look-up, TCP and TLS. */
  readonly timeoutMs: number;
  /** TLS is spoken when this is given; the name that is asked for and checked is the host unless it says otherwise. */
  readonly tls?: ConnectionOptions | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** `host:port`, IPv6 in brackets: the form in which messages and errors name a broker. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A connected socket without Nagle's delay. Rejects with UpstreamError('BrokerUnreachable'), leaving nothing open. */
export function dial(address: Address, options: DialOptions): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const { signal, tls } = options;
  const unreachable = (why: string, cause?: unknown): UpstreamError =>
    new UpstreamError('BrokerUnreachable', `no connection to the broker at ${formatAddress(address)}`, {
      why,
      at: formatAddress(address),
      retry: 'later',
      ...(cause === undefined ? {} : { cause }),
    });
  if (signal?.aborted) return Promise.reject(unreachable('it was given up'));

  const { host, port } = address;
  const raw = connect({ host, port });
  const socket = tls ? overTls(raw, host, tls) : raw;
  const finish = (error?: UpstreamError): void => {
    timer.cancel();
    signal?.removeEventListener('abort', abort);
    socket.off('error', fail);
    if (error === undefined) {
      raw.setNoDelay(true);
      raw.setKeepAlive(true, keepAliveMs);
      resolve(socket);
    } else {
      socket.on('error', () => undefined); // a late one, after the answer was given
      socket.destroy();
      reject(error);
    }
  };
  const fail = (error: Error): void => finish(unreachable('code' in error ? String(error.code) : error.message, error));
  const abort = (): void => finish(unreachable('it was given up'));
  const timer = options.clock.after(options.timeoutMs, () =>
    finish(unreachable(`no answer in ${options.timeoutMs} ms`)),
  );
  signal?.addEventListener('abort', abort, { once: true });
  socket.on('error', fail);
  socket.once(tls ? 'secureConnect' : 'connect', () => finish());
  return promise;
}

function overTls(raw: Socket, host: string, tls: ConnectionOptions): Socket {
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket = layeredOn(connectTls({ ...name, ...tls, host, socket: raw }), raw);
  raw.on('error', (error) => socket.destroy(error));
  return socket;
}
