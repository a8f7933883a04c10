import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect, test } from 'vitest';
import { type DoctorReport, validateDoctorReport } from '../../core/schema/doctor-report.ts';
import { startIssuer } from '../support/oidc-issuer.ts';
import { makePolicyRepo } from '../support/policy-repo.ts';
import { runSluice } from '../support/run-sluice.ts';
import { storyPeople, storyPolicies } from '../support/story-policies.ts';
import { tempDir } from '../support/temp-dir.ts';

async function listening(server: Server): Promise<AsyncDisposable & { port: number }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function doctor(env: Record<string, string>, ...args: string[]) {
  const ran = await runSluice(['doctor', '--format', 'json', ...args], { env });
  const report = JSON.parse(ran.stdout) as DoctorReport;
  expect(validateDoctorReport(report), JSON.stringify(validateDoctorReport.errors)).toBe(true);
  expect(ran.code).toBe(report.ok ? 0 : 1);
  const state = (name: string) => report.checks.filter(({ check }) => check === name).map((check) => check.state);
  const result = (name: string) => report.checks.find(({ check }) => check === name)!.result;
  return { report, state, result, ...ran };
}

test('all is well: repo, key, push, issuer, broker', async () => {
  await using dir = await tempDir();
  const repo = makePolicyRepo(dir.path, [...storyPeople], storyPolicies({ issuer: 'https://idp.example', prefix: '' }));
  await using issuer = await startIssuer({ names: ['alice'] });
  await using broker = await listening(createServer((socket) => socket.end()));
  const env = { SLUICE_REPO: repo.url, HOME: dir.path, SLUICE_KEY: repo.keys['alice']!.file };
  const { report, state, stderr } = await doctor(
    env,
    '--issuer',
    issuer.issuer,
    '--broker',
    `127.0.0.1:${broker.port}`,
  );
  expect(stderr).toBe('');
  expect(report.checks.filter((check) => check.state !== 'ok').map(({ check }) => check)).toEqual(['gateway']);
  expect(state('gateway')).toEqual(['skipped']);
  for (const name of ['node', 'git', 'repo', 'key', 'push', 'forge', 'issuer', 'broker'])
    expect(state(name)).toEqual(['ok']);
  const { stdout } = await runSluice(['doctor', '--issuer', issuer.issuer], { env });
  expect(stdout).toContain('ok      key: requests and approvals are signed as alice\n');
  expect(stdout.endsWith('ok: no check failed\n')).toBe(true);
});

test('issuers that are too many to ask are said', async () => {
  await using dir = await tempDir();
  const policies = storyPolicies({ issuer: 'http://127.0.0.1:1', prefix: '' });
  const group = (n: number): string =>
    `apiVersion: sluice.dev/v1\nkind: Group\nmetadata: { name: g${n} }\nspec: { members: [], fromClaim: { issuer: 'https://127.0.0.1:1/${n}', claim: team, value: x } }\n`;
  const more = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`groups/g${n}.yaml`, group(n)]));
  const repo = makePolicyRepo(dir.path, [...storyPeople], (keys) => ({ ...policies(keys), ...more }));
  const { report } = await doctor({ SLUICE_REPO: repo.url, HOME: dir.path });
  const issuers = report.checks.filter(({ check }) => check === 'issuer');
  expect(issuers).toHaveLength(9);
  expect(issuers.at(-1)).toMatchObject({ state: 'skipped', fix: expect.stringContaining('--issuer') });
  expect(issuers.at(-1)!.result).toMatch(/^[23] more issuers were not asked$/);
});

test('each thing that is broken fails its own check, in time, with what to do, and shows no secret', async () => {
  await using dir = await tempDir();
  const repo = makePolicyRepo(dir.path, [...storyPeople], storyPolicies({ issuer: 'https://idp.example', prefix: '' }));
  await using mute = await listening(createServer((socket) => socket.on('error', () => undefined).resume())); // takes connections and never answers
  await using late = await listening(
    createHttp((request, response) => {
      const issuer = `http://${request.headers.host}`;
      response.setHeader('Date', new Date(Date.now() - 600_000).toUTCString());
      response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }));
    }),
  );
  await using other = await listening(
    createHttp((_request, response) => response.end('{"issuer":"https://else.example"}')),
  );
  const url = (at: { port: number }): string => `http://127.0.0.1:${at.port}`;
  const { report, state, result } = await doctor(
    { SLUICE_REPO: repo.url, HOME: dir.path },
    ...['--issuer', url(mute), '--issuer', url(late), '--issuer', url(other), '--timeout', '2s'],
    ...['--broker', '127.0.0.1:1', '--broker', 'nonsense', '--socket', dir.join('none.sock')],
  );
  expect(state('issuer')).toEqual(['failed', 'failed', 'failed']);
  expect(report.checks.filter(({ check }) => check === 'issuer').map((check) => check.result)).toEqual([
    'no answer within 2 s',
    expect.stringMatching(/^its clock and yours are (599|600|601) s apart$/),
    'it says that it is another issuer',
  ]);
  expect(state('broker')).toEqual(['failed', 'failed']);
  expect(result('broker')).toBe('ECONNREFUSED');
  expect(state('gateway')).toEqual(['failed']);
  expect(state('key')).toEqual(['warning']);
  for (const check of report.checks) {
    expect(check.ms).toBeLessThan(4000);
    if (check.state !== 'ok') expect(check.fix).toBeTruthy();
  }
});

test('without a repo the checks that need one are skipped', async () => {
  await using dir = await tempDir();
  const { state, stdout, stderr } = await doctor(
    { HOME: dir.path },
    ...['--repo', 'https://me:hunter2@127.0.0.1:1/policies.git', '--timeout', '5s'],
  );
  expect([state('repo'), state('key'), state('push'), state('forge')]).toEqual([
    ['failed'],
    ['skipped'],
    ['skipped'],
    ['skipped'],
  ]);
  expect(stdout + stderr).not.toContain('hunter2');
});
