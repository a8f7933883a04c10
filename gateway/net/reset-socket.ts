import type { Socket } from 'node:net';

const beneath = new WeakMap<Socket, Socket>();

/** Notes the TCP socket under a TLS one, which cannot be reset itself; returns the TLS one. */
export function layeredOn<S extends Socket>(socket: S, raw: Socket): S {
  beneath.set(socket, raw);
  return socket;
}

/**
 * Ends a connection with a TCP reset: what the kernel does not have is not sent, what the peer has not read is thrown
 * away. Closing it instead was seen to deliver megabytes more to a slow reader.
 */
export function resetSocket(socket: Socket): void {
  (beneath.get(socket) ?? socket).resetAndDestroy();
  socket.destroy();
}
