import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Clock } from '../../core/clock/clock.ts';
import { ProtocolError } from '../../core/errors/sluice-error.ts';
import { layeredOn } from './reset-socket.ts';

export interface HandshakeOptions {
  readonly clock: Clock;
  readonly context: SecureContext;
  readonly withinMs: number;
  /** Whether a client may ask for this name. Left out: any name will do, and none. */
  readonly accepts?: (serverName: string) => boolean;
}

export interface HandshakeEvents {
  /** `serverName` is what the client asked for. Read the socket from this turn on. */
  onSecure(socket: TLSSocket, serverName: string | undefined): void;
  /** The socket is closed, and was never handed over. */
  onFailed(why: 'name' | 'handshake'): void;
}

/** The server's side of a TLS handshake on an accepted socket. A name that is not accepted gets no certificate. */
export function handshake(raw: Socket, options: HandshakeOptions, events: HandshakeEvents): void {
  const { clock, context, accepts } = options;
  let over = false;
  const fail = (why: 'name' | 'handshake'): void => {
    if (over) return;
    over = true;
    deadline.cancel();
    raw.destroy();
    events.onFailed(why);
  };
  const deadline = clock.after(options.withinMs, () => fail('handshake'));
  const secured = new TLSSocket(raw, {
    isServer: true,
    secureContext: context,
    ...(accepts
      ? {
          SNICallback: (name: string, done: (error: Error | null) => void) => {
            if (accepts(name)) return done(null);
            fail('name');
            done(new ProtocolError('UnknownServerName', 'no broker has this name'));
          },
        }
      : {}),
  });
  const socket = layeredOn(secured, raw);
  socket.on('error', () => {
    fail('handshake');
    raw.destroy();
  });
  socket.once('close', () => fail('handshake'));
  socket.once('secure', () => {
    if (over) return;
    const { servername } = socket as { servername?: string | false };
    const name = servername || undefined;
    // A resumed session asks nobody for its name, and a client may send none.
    if (accepts && (name === undefined || !accepts(name))) return fail('name');
    over = true;
    deadline.cancel();
    events.onSecure(socket, name);
  });
}
