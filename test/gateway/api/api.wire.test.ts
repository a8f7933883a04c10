import { existsSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import type { AuditEvent } from '../../../core/audit/event.ts';
import { AccessError, UpstreamError } from '../../../core/errors/sluice-error.ts';
import type { GatewayStatus } from '../../../core/model/admin-api.ts';
import type { GrantVerdict } from '../../../core/model/verdict.ts';
import { type AdminControls, adminApp } from '../../../gateway/api/admin-app.ts';
import { publicApp } from '../../../gateway/api/public-app.ts';
import { serveSocket, serveTcp } from '../../../gateway/api/serve.ts';
import { Metrics } from '../../../gateway/telemetry/metrics.ts';
import { tempDir } from '../../support/temp-dir.ts';

const status = { gateway: 'gw1', ready: true } as unknown as GatewayStatus;

/** An admin API over fakes; `order` says what happened, audit lines among it. */
function controls(options: { audit?: 'fails'; note?: 'tooLong' } = {}) {
  const order: string[] = [];
  const recorder = {
    record: (event: AuditEvent) => {
      if (options.audit === 'fails') return Promise.reject(new UpstreamError('RecorderFailed', 'full: secret-path'));
      const { kind, ...rest } = event;
      order.push(`${kind} ${JSON.stringify(rest)}`);
      return Promise.resolve();
    },
  };
  const given: AdminControls = {
    recorder,
    status: () => Promise.resolve(status),
    sessions: () =>
      Promise.resolve([
        { id: 's1', principal: 'ada', cluster: 'main', connections: 1, openedAt: 'x', worker: undefined },
      ]),
    explainGrant: async (id) => (id === 'g1' ? { name: 'g1' } : undefined),
    reconcile: () => {
      order.push('reconciled');
      return Promise.resolve();
    },
    kill: (id) => {
      order.push(`killed ${id}`);
      return Promise.resolve(id === 's1');
    },
    owners: {
      wish: async (kind, commit) => ({ kind, commit, repoId: 'r', branch: 'main', from: '', tombstones: '' }),
      sign: async (kind, commit, signed) => {
        if (signed.length === 0) throw new AccessError('OwnersNeeded', 'not signed', { why: '0 of 1' });
        order.push(`${kind} ${commit} by ${signed.length}`);
        return { kind, commit, repoId: 'r', branch: 'main', from: '', tombstones: '' };
      },
    },
    evidence: {
      tell: () => {
        if (options.note === 'tooLong') throw new AccessError('PeerRefused', 'more than a note can hold');
        return 'a note';
      },
      take: async (note) => {
        if (note === '') throw new AccessError('PeerRefused', 'not taken', { why: 'empty' });
        order.push(`took ${note.length} characters`);
        return { peer: 'gw2', exportedAt: 'x', revocations: 0, deletedGrants: 0, grants: [], leftOut: 0 };
      },
    },
    emergencies: {
      propose: async ({ path }) => ({ payload: `sign ${path}`, problem: '' }),
      admit: async ({ path, bytes }) => {
        order.push(`admitted ${path} of ${bytes.length} bytes`);
        return { kind: 'grant', admitted: true, message: path } as GrantVerdict;
      },
    },
  };
  return { order, app: adminApp(given) };
}

function call(
  socketPath: string,
  method: string,
  path: string,
  body?: string,
): Promise<{ code: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path }, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        answer += text;
      });
      response.on('end', () => resolve({ code: response.statusCode ?? 0, body: answer }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

test('the admin socket is made for this user alone, with the folder it is in', async () => {
  await using dir = await tempDir();
  const path = dir.join('run', 'admin.sock');
  await using served = await serveSocket(controls().app, path);
  expect(served.address).toBe(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(dir.join('run')).mode & 0o777).toBe(0o700);
  expect(await call(path, 'GET', '/status')).toEqual({ code: 200, body: JSON.stringify(status) });
});

test('a live socket is refused and goes on; a stale one is replaced; the file goes with the server', async () => {
  await using dir = await tempDir();
  const path = dir.join('admin.sock');
  const first = await serveSocket(controls().app, path);
  await expect(serveSocket(controls().app, path)).rejects.toMatchObject({ code: 'StateUnusable', at: path });
  expect((await call(path, 'GET', '/status')).code).toBe(200);
  await first[Symbol.asyncDispose]();
  expect(existsSync(path)).toBe(false);
  writeFileSync(path, 'left over');
  await using second = await serveSocket(controls().app, path);
  expect((await call(second.address, 'GET', '/status')).code).toBe(200);
});

test('a socket that is left over by a killed process is replaced', async () => {
  await using dir = await tempDir();
  const path = dir.join('admin.sock');
  const { spawnSync } = await import('node:child_process');
  spawnSync(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  expect(existsSync(path)).toBe(true);
  await using served = await serveSocket(controls().app, path);
  expect((await call(served.address, 'GET', '/sessions')).code).toBe(200);
});

test('a socket that cannot be made says where and why', async () => {
  await using dir = await tempDir();
  const path = dir.join('x'.repeat(120), 'admin.sock');
  await expect(serveSocket(controls().app, path)).rejects.toMatchObject({ code: 'BadConfig' });
});

test('questions: status, sessions, grants', async () => {
  const { app, order } = controls();
  expect(await (await app.request('/sessions')).json()).toEqual([expect.objectContaining({ id: 's1' })]);
  expect(await (await app.request('/grants/g1')).json()).toEqual({ name: 'g1' });
  expect((await app.request('/grants/none')).status).toBe(404);
  expect(order).toEqual([]); // reading is not audited
});

test('evidence: a note is given, one is taken, and what is none is said to be', async () => {
  await using dir = await tempDir();
  const { app, order } = controls();
  await using served = await serveSocket(app, dir.join('admin.sock'));
  const post = (body: string) => call(served.address, 'POST', '/evidence', body);
  expect(JSON.parse((await call(served.address, 'GET', '/evidence')).body)).toEqual({ note: 'a note' });
  const taken = await post(JSON.stringify({ note: 'x'.repeat(2_000_000) }));
  expect([taken.code, JSON.parse(taken.body)]).toMatchObject([200, { peer: 'gw2' }]);
  expect(order).toEqual(['took 2000000 characters']);
  const empty = await post(JSON.stringify({ note: '' }));
  expect([empty.code, JSON.parse(empty.body)]).toMatchObject([409, { code: 'PeerRefused', why: 'empty' }]);
  for (const body of ['{', '[]', 'null', '{"note":5}']) expect((await post(body)).code).toBe(400);
  expect((await post(JSON.stringify({ note: 'x'.repeat(5_000_000) }))).code).toBe(413);
});

test('evidence: more than a note can hold is said to be, and is no note', async () => {
  await using dir = await tempDir();
  await using served = await serveSocket(controls({ note: 'tooLong' }).app, dir.join('admin.sock'));
  const told = await call(served.address, 'GET', '/evidence');
  expect([told.code, JSON.parse(told.body)]).toMatchObject([409, { code: 'PeerRefused' }]);
});

test('owners: what there is to sign, what they signed, and why it is not enough', async () => {
  await using dir = await tempDir();
  const { app, order } = controls();
  await using served = await serveSocket(app, dir.join('admin.sock'));
  const post = (path: string, body: unknown) => call(served.address, 'POST', path, JSON.stringify(body));
  const asked = { kind: 'admit', commit: 'a'.repeat(40) };
  expect(JSON.parse((await post('/owners/wish', asked)).body)).toMatchObject({ ...asked, branch: 'main' });
  const unsigned = await post('/owners', asked);
  expect([unsigned.code, JSON.parse(unsigned.body)]).toEqual([
    409,
    { code: 'OwnersNeeded', error: 'not signed', why: '0 of 1' },
  ]);
  expect((await post('/owners', { ...asked, signed: [{ text: 't', signature: 's' }] })).code).toBe(200);
  expect(order).toEqual([`admit ${'a'.repeat(40)} by 1`]);
  for (const bad of [{}, { ...asked, kind: 'x' }, { ...asked, commit: '--upload-pack=x' }, { ...asked, signed: [1] }])
    expect((await post('/owners', bad)).code).toBe(400);
});

test('an emergency is handed over as its name and text; anything else is refused unread', async () => {
  await using dir = await tempDir();
  const { app, order } = controls();
  await using served = await serveSocket(app, dir.join('admin.sock'));
  const post = (path: string, body: string) => call(served.address, 'POST', path, body);
  const body = JSON.stringify({ name: 'now', yaml: 'kind: BreakGlass' });
  expect(await post('/break-glass/proposal', body)).toEqual({
    code: 200,
    body: '{"payload":"sign breakglass/now.yaml","problem":""}',
  });
  expect(await post('/break-glass', body)).toMatchObject({ code: 200 });
  expect(order).toEqual(['admitted breakglass/now.yaml of 16 bytes']);
  for (const bad of ['', '[]', '{"name":"../x","yaml":""}', '{"name":"now"}', '{"name":1,"yaml":"x"}'])
    expect((await post('/break-glass', bad)).code).toBe(400);
  expect((await post('/break-glass', JSON.stringify({ name: 'now', yaml: 'x'.repeat(70_000) }))).code).toBe(413);
  expect(order).toHaveLength(1);
});

test('every control is in the audit log before it is done', async () => {
  const { app, order } = controls();
  expect((await app.request('/reconcile', { method: 'POST' })).status).toBe(200);
  expect(await (await app.request('/sessions/s1/kill', { method: 'POST' })).json()).toEqual({ killed: 's1' });
  expect((await app.request('/sessions/none/kill', { method: 'POST' })).status).toBe(404);
  expect(order).toEqual([
    'admin {"action":"reconcile","ok":true}',
    'reconciled',
    'admin {"action":"kill","ok":true,"target":"s1"}',
    'killed s1',
    'admin {"action":"kill","ok":true,"target":"none"}',
    'killed none',
  ]);
});

test('what cannot be audited is not done, and the answer says nothing of why', async () => {
  const { app, order } = controls({ audit: 'fails' });
  for (const path of ['/reconcile', '/sessions/s1/kill']) {
    const answer = await app.request(path, { method: 'POST' });
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret-path');
  }
  expect(order).toEqual([]);
});

test('a long id is cut before it is written down', async () => {
  const { app, order } = controls();
  await app.request(`/sessions/${'x'.repeat(5000)}/kill`, { method: 'POST' });
  expect(order.at(-1)).toBe(`killed ${'x'.repeat(64)}`);
});

test.each([
  ['GET', '/'],
  ['GET', '/reconcile'],
  ['GET', '/sessions/s1/kill'],
  ['POST', '/status'],
  ['DELETE', '/sessions/s1'],
  ['PUT', '/grants/g1'],
  ['GET', '/status/..%2f'],
  ['GET', '/metrics'],
])('admin: %s %s is not there and does nothing', async (method, path) => {
  const { app, order } = controls();
  expect((await app.request(path, { method })).status).toBe(404);
  expect(order).toEqual([]);
});

const none = { tls: undefined, onReload: () => undefined };

test('health, readiness and metrics on TCP', async () => {
  let why: string | undefined = 'no policy is loaded yet';
  await using served = await serveTcp(publicApp({ metrics: new Metrics(), notReady: () => why, webhook: undefined }), {
    host: '127.0.0.1',
    port: 0,
    ...none,
  });
  const ask = async (path: string, method = 'GET'): Promise<string> => {
    const answer = await fetch(`${served.address}${path}`, { method });
    return `${answer.status} ${(await answer.text()).trim()}`;
  };
  expect(served.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await ask('/healthz')).toBe('200 ok');
  expect(await ask('/readyz')).toBe('503 not ready: no policy is loaded yet');
  why = undefined;
  expect(await ask('/readyz')).toBe('200 ready');
  const metrics = await ask('/metrics');
  expect(metrics).toContain('# TYPE sluice_requests_total counter');
  expect(metrics).toContain('process_cpu_seconds_total');
  for (const path of ['/', '/status', '/sessions', '/reconcile', '/grants/g1'])
    expect(await ask(path)).toMatch(/^404 /);
  for (const method of ['POST', 'PUT', 'DELETE']) expect(await ask('/healthz', method)).toMatch(/^404 /);
});

test('a port that is taken is said as what it is', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  await expect(
    serveTcp(publicApp({ metrics: new Metrics(), notReady: () => undefined, webhook: undefined }), {
      host: '127.0.0.1',
      port,
      ...none,
    }),
  ).rejects.toMatchObject({ code: 'BadConfig', why: 'EADDRINUSE' });
  await new Promise((resolve) => taken.close(resolve));
});
