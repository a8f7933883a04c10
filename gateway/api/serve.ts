import { existsSync, unlinkSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { SourceError, UpstreamError } from '../../core/errors/sluice-error.ts';
import { ReloadingSecureContext } from '../net/secure-context.ts';

export interface Served extends AsyncDisposable {
  /** `http://host:port`, or the socket's path. */
  readonly address: string;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Serves on a unix socket that only this user can open. A stale socket file is replaced, a live one refused. */
export async function serveSocket(app: Hono, path: string): Promise<Served> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (existsSync(path)) {
    if (await answers(path)) {
      throw new SourceError('StateUnusable', 'another gateway is running', {
        at: path,
        fix: 'stop it, or configure another admin.socket',
      });
    }
    unlinkSync(path);
  }
  const server = createServer(handlerOf(app));
  await listening(server, () => server.listen(path), path);
  await chmod(path, 0o600);
  return { address: path, [Symbol.asyncDispose]: () => closed(server) };
}

/** Serves on TCP, with TLS when given. */
export async function serveTcp(
  app: Hono,
  options: {
    host: string;
    port: number;
    tls: { certFile: string; keyFile: string } | undefined;
    onReload: (error: unknown) => void;
  },
): Promise<Served> {
  const { host, port, tls } = options;
  const context = tls && (await ReloadingSecureContext.open(tls.certFile, tls.keyFile, options.onReload));
  const server = context
    ? createTlsServer({ SNICallback: (_name, done) => done(null, context.current) }, handlerOf(app))
    : createServer(handlerOf(app));
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  await listening(server, () => server.listen(port, host), `${host}:${port}`);
  const bound = server.address();
  const actual = typeof bound === 'object' && bound ? bound.port : port;
  return {
    address: `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    async [Symbol.asyncDispose]() {
      await closed(server);
      await context?.[Symbol.asyncDispose]();
    },
  };
}

function handlerOf(app: Hono): Handler {
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  return (request, response) => void listener(request, response);
}

function listening(server: Server, listen: () => void, where: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new UpstreamError('BadConfig', `cannot listen on ${where}`, { why: cause.code ?? 'unknown', cause })),
    );
    server.once('listening', resolve);
    listen();
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
