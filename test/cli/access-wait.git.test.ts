import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { systemClock } from '../../core/clock/clock.ts';
import type { GatewayStatus } from '../../core/model/admin-api.ts';
import { adminApp } from '../../gateway/api/admin-app.ts';
import { serveSocket } from '../../gateway/api/serve.ts';
import { grantStatuses } from '../../gateway/assemble/status.ts';
import { FollowedRepo, type Follower } from '../gateway/reconcile/followed-repo.ts';
import { adminControls } from '../support/admin-controls.ts';

/** A gateway's admin API over its own round and state, without a data path: each look at its status is a round. */
function serveStatus({ round, state, snapshots }: Follower, path: string) {
  const status = async () => {
    await round.run();
    return {
      ready: true,
      grants: grantStatuses(state.current, snapshots.current, systemClock.now()),
    } as unknown as GatewayStatus;
  };
  return serveSocket(adminApp(adminControls({ status })), path);
}

/** The real binary, left running: what it says step by step, and how it ends. */
function running(repo: FollowedRepo, person: string, ...args: string[]) {
  const child = spawn(
    resolve('cli/sluice'),
    [...args, '--repo', repo.repo.url, '--key', repo.repo.keys[person]!.file],
    {
      env: {
        PATH: process.env['PATH'],
        HOME: repo.dir.join('home'),
        XDG_CACHE_HOME: repo.dir.join('home', `${person}-waits`),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
  });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const says = (text: string) => expect.poll(() => said.stderr, { timeout: 20_000 }).toContain(text);
  return { said, ended, says, interrupt: () => child.kill('SIGINT') };
}

const wish = ['--stream', 'payments', '--operation', 'consume', '--for', '1h', '--reason', 'INC-1'];

test('request --wait tells each step until a gateway enforces it, and how long that took', async () => {
  await using repo = await FollowedRepo.make();
  await using gateway = await repo.follow();
  await gateway.round.run();
  await using served = await serveStatus(gateway, repo.dir.join('run/admin.sock'));
  const waiting = running(
    repo,
    'alice',
    'access',
    'request',
    ...wish,
    '--wait',
    '--socket',
    served.address,
    '--format',
    'json',
  );
  await waiting.says('waiting for payments-lead: 1 of payments-leads (bob, carol)\n');
  const [{ name }] = JSON.parse(await repo.done('bob', 'access', 'list', '--format', 'json')) as [{ name: string }];
  await repo.done('bob', 'approval', 'sign', name, '--yes');
  await waiting.says('approved by bob\nwaiting for the merge\n');
  await repo.merge(name);
  expect(await waiting.ended).toBe(0);
  expect(waiting.said.stderr).toMatch(
    /^opened\nwaiting for payments-lead: .*\napproved by bob\nwaiting for the merge\nmerged at \S+Z\nlive until \S+Z\nmerge to effect: \d+\.\d s\n$/,
  );
  const result = JSON.parse(waiting.said.stdout);
  expect(result).toMatchObject({ name, outcome: 'settled', status: { state: 'Active', approvedBy: ['bob'] } });
  expect(result.mergeToEffectMs).toBeGreaterThanOrEqual(0);
});

test('Ctrl-C and the end of --timeout leave the request open, and say so', async () => {
  await using repo = await FollowedRepo.make();
  const none = repo.dir.join('none.sock');
  const waiting = running(repo, 'alice', 'access', 'request', ...wish, '--wait', '--socket', none);
  await waiting.says('waiting for payments-lead');
  waiting.interrupt();
  expect(await waiting.ended).toBe(1);
  expect(waiting.said.stderr).toContain('Not waiting any more; the request stays as it is.\n');
  const [{ name, state }] = JSON.parse(await repo.done('bob', 'access', 'list', '--format', 'json'));
  expect(state).toBe('Open');
  const late = await repo.as('alice', 'access', 'status', name, '--wait', '--timeout', '1s', '--socket', none);
  expect(late).toMatchObject({ code: 1 });
  expect(late.stderr).toContain(
    `Waited long enough; the request stays as it is.\nGo on with: sluice access status ${name} --wait\n`,
  );
});

test('a rejection ends the waiting; without a gateway the repo says what became of a merge', async () => {
  await using repo = await FollowedRepo.make();
  const none = ['--wait', '--socket', repo.dir.join('none.sock')];
  const rejected = await repo.ask();
  await repo.done('bob', 'approval', 'reject', rejected.name, '--yes');
  const no = await repo.as('alice', 'access', 'status', rejected.name, ...none);
  expect(no.code).toBe(1);
  expect(no.stderr).toContain('rejected by bob\n');
  const { name } = await repo.grant();
  const yes = await repo.as('alice', 'access', 'status', name, ...none);
  expect(yes.code).toBe(0);
  expect(yes.stderr).toContain('no gateway answers here: judged by the repo alone\n');
});

test('extend asks for the same once more, from where it ends, and a gateway admits both', async () => {
  await using repo = await FollowedRepo.make();
  await using gateway = await repo.follow();
  const open = await repo.ask();
  const early = await repo.as('alice', 'access', 'extend', open.name, '--for', '30m');
  expect(early.code).toBe(2);
  expect(early.stderr).toContain(`grant '${open.name}' is Open: there is nothing to extend`);
  await repo.done('bob', 'approval', 'sign', open.name, '--yes');
  await repo.merge(open.name);
  const { end } = JSON.parse(await repo.done('alice', 'access', 'status', open.name, '--format', 'json'));

  const dry = await repo.as('alice', 'access', 'extend', open.name, '--for', '30m', '--dry-run');
  expect(dry.stdout).toContain('Nothing was sent (dry run)');
  const asked = JSON.parse(await repo.done('alice', 'access', 'extend', open.name, '--for', '30m', '--format', 'json'));
  expect(asked.uid).not.toBe(open.uid);
  const [before, after] = [parse(open.yaml), parse(asked.yaml)];
  expect(after.metadata.annotations).toEqual({ 'sluice.dev/extends': open.name });
  expect(after.spec).toEqual({
    ...before.spec,
    uid: asked.uid,
    window: { duration: 'PT30M', notBefore: end },
  });
  await repo.done('bob', 'approval', 'sign', asked.name, '--yes');
  await repo.merge(asked.name);
  await gateway.round.run();
  const grants = grantStatuses(gateway.state.current, gateway.snapshots.current, systemClock.now());
  expect(grants.map(({ name, state, start }) => [name, state, start]).slice(1)).toEqual([
    [asked.name, 'Scheduled', end],
  ]);

  const tooLong = await repo.as('alice', 'access', 'extend', open.name, '--for', '100h');
  expect(tooLong.code).toBe(1);
  expect(tooLong.stderr).toContain('code: NotEligible');
});
