/** `access request` asks a person at a real pseudo-terminal for what the flags leave out. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemClock } from '../../core/clock/clock.ts';
import { loadDocumentAs } from '../../core/load/load-document.ts';
import { validateGrantDocument } from '../../core/schema/grant.ts';
import { FollowedRepo } from '../gateway/reconcile/followed-repo.ts';
import { keys, Terminal, type TerminalOptions } from '../support/terminal.ts';

const refs = (repo: FollowedRepo): string[] => repo.git('for-each-ref', '--format=%(refname)').split('\n');

function sit(
  repo: FollowedRepo,
  person: string,
  args: readonly string[],
  { env, ...options }: TerminalOptions = {},
): Terminal {
  const where = ['--repo', repo.repo.url, '--key', repo.repo.keys[person]!.file];
  const home = { HOME: repo.dir.join('home'), XDG_CACHE_HOME: repo.dir.join('home', person) };
  return new Terminal(['access', 'request', ...args, ...where], { ...options, env: { ...home, ...env } });
}

/** Two policies offer payments; one of them alone lets alice write, and lifts a mask. */
async function repoOfTwo(): Promise<FollowedRepo> {
  return FollowedRepo.make((files) => {
    const debug = JSON.parse(files['policies/payments-debug.yaml']!);
    const other = {
      ...debug,
      metadata: { name: 'payments-clear' },
      spec: { ...debug.spec, operations: ['consume'], limits: { maxDuration: 'PT30M' }, unmask: ['payments/email'] },
    };
    return { ...files, 'policies/payments-clear.yaml': `${JSON.stringify(other)}\n` };
  });
}

test('every question, each wrong answer told at once, the request, and the command that says all of it', async () => {
  await using repo = await repoOfTwo();
  await using terminal = sit(repo, 'alice', []);
  await terminal.see('Which stream?');
  await terminal.see('topics payments on main; you may ask for consume, produce; confidential');
  expect(terminal.text).not.toContain('catalog'); // which alice may not ask for
  await terminal.press('paym', keys.enter);
  await terminal.see('To do what?');
  await terminal.press(keys.enter);
  await terminal.see('At least one choice must be selected');
  await terminal.press(keys.space, keys.enter);
  await terminal.see('Under which policy?');
  await terminal.see('payments-clear (up to 30m; signed by 1 of payments-leads: bob, carol)');
  await terminal.see('payments-debug (up to 4h, 2 at a time; signed by 1 of payments-leads: bob, carol)');
  await terminal.see('lifts masks: payments/email');
  await terminal.press(keys.enter);
  await terminal.see('All of it (topics payments, groups alice.*, console-consumer-*)?');
  await terminal.press('n', keys.enter);
  await terminal.see('Only which topics');
  await terminal.press('catalog.x', keys.enter);
  await terminal.see("'catalog.x' is more than what is offered; offered: payments");
  await terminal.press(keys.erase, keys.enter);
  await terminal.see('Only which groups');
  await terminal.press('alice.one, alice.two*', keys.enter);
  await terminal.see('For how long (at most 30m)? (30m)');
  await terminal.press('soon', keys.enter);
  await terminal.see("'soon' is not a duration; write it like 2h, 30m or PT2H30M");
  await terminal.press(keys.erase, '1h', keys.enter);
  await terminal.see('longer than policy payments-clear allows: 30m at most');
  await terminal.press(keys.erase, '20m', keys.enter);
  await terminal.see('From when on?');
  await terminal.press(keys.enter); // the merge
  await terminal.see('Why?');
  await terminal.press('  ', keys.enter);
  await terminal.see('say why; it cannot be empty');
  await terminal.press(keys.erase, "it's INC-1; $(id)", keys.enter);
  await terminal.see('widens granted access and masks');
  await terminal.see('The same without questions:');
  await terminal.see('Send the request?');
  expect(refs(repo)).toEqual(['refs/heads/main']); // nothing is written before the last answer
  await terminal.press(keys.enter);
  await terminal.see('Requested:');
  expect(await terminal.end()).toBe(0);

  const [request] = refs(repo).filter((ref) => ref.includes('request/'));
  const name = request!.split('/').at(-1)!;
  const file = `grants/${name.slice(0, 7)}/${name}.yaml`;
  const yaml = repo.git('show', `${request}:${file}`);
  const { value } = loadDocumentAs(validateGrantDocument, { path: file, bytes: Buffer.from(yaml) });
  expect(value?.spec).toMatchObject({
    subject: 'alice',
    policy: 'payments-clear',
    streams: ['payments'],
    operations: ['consume'],
    groups: [{ literal: 'alice.one' }, { prefix: 'alice.two' }],
    window: { duration: 'PT20M' },
    reason: "it's INC-1; $(id)",
  });
  expect(value?.spec.topics).toBeUndefined();

  // A shell makes the same request of what was printed.
  const printed = /questions:\n([\s\S]*?)\n\n?\? Send/.exec(terminal.text.replaceAll('\\\n', ''))![1]!.trim();
  expect(printed).toMatch(/^sluice access request --repo /);
  const again = execFileSync(
    'sh',
    ['-c', printed.replace(/^sluice/, './cli/sluice').concat(' --dry-run --format json')],
    {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: repo.dir.join('home'), XDG_CACHE_HOME: repo.dir.join('home', 'a') },
    },
  );
  const spec = (text: string): object =>
    loadDocumentAs(validateGrantDocument, { path: file, bytes: Buffer.from(text) }).value?.spec ?? {};
  expect({ ...spec(JSON.parse(again).yaml), uid: '' }).toEqual({ ...spec(yaml), uid: '' });
}, 60_000);

/** payments-debug offers catalog and a stream of another cluster as well, payments-clear offers ledger instead. */
async function repoOfMany(): Promise<FollowedRepo> {
  return FollowedRepo.make((files) => {
    const policy = JSON.parse(files['policies/payments-debug.yaml']!);
    const stream = JSON.parse(files['streams/catalog.yaml']!);
    const cluster = JSON.parse(files['clusters/main.yaml']!);
    const added = {
      'clusters/far.yaml': { ...cluster, metadata: { name: 'far' } },
      ...Object.fromEntries(
        [
          ['ledger', 'main'],
          ['remote', 'far'],
        ].map(([name, on]) => [
          `streams/${name}.yaml`,
          { ...stream, metadata: { name }, spec: { ...stream.spec, cluster: on, topics: [{ literal: name }] } },
        ]),
      ),
      'policies/payments-debug.yaml': {
        ...policy,
        spec: { ...policy.spec, streams: ['payments', 'catalog', 'remote'], operations: ['consume'] },
      },
      'policies/payments-clear.yaml': {
        ...policy,
        metadata: { name: 'payments-clear' },
        spec: { ...policy.spec, streams: ['payments', 'ledger'], operations: ['consume'] },
      },
    };
    const texts = Object.entries(added).map(([path, document]) => [path, `${JSON.stringify(document)}\n`]);
    return { ...files, ...Object.fromEntries(texts) };
  });
}

test('several streams that one policy offers together, and a time that starts at the first login', async () => {
  await using repo = await repoOfMany();
  await using terminal = sit(repo, 'alice', []);
  await terminal.see('Which stream?');
  await terminal.press('paym', keys.enter);
  await terminal.see('Others together with payments, in the same request (Enter for none)?');
  await terminal.see('ledger');
  expect(terminal.text.slice(terminal.text.indexOf('Others together'))).not.toContain('remote'); // of another cluster
  await terminal.press(keys.space, keys.down, keys.space, keys.enter); // catalog and ledger
  await terminal.see('no one policy offers payments and catalog and ledger together; ask for one after the other');
  await terminal.press(keys.space, keys.enter); // catalog alone
  await terminal.see('To do what?');
  await terminal.press(keys.enter); // all that is offered is chosen
  await terminal.see('All of it (topics payments, catalog.*');
  await terminal.press(keys.enter);
  await terminal.see('For how long (at most 4h)?');
  await terminal.press(keys.enter);
  await terminal.see('From when on?');
  await terminal.press(keys.down);
  await terminal.see('soleGateway');
  await terminal.press(keys.enter);
  await terminal.see('Over by when at the latest');
  await terminal.press('59m', keys.enter);
  await terminal.see('that is in less than 1h, so it could not be used whole');
  await terminal.press(keys.erase, 'tomorrow', keys.enter);
  await terminal.see("'tomorrow' is not a duration");
  await terminal.press(keys.erase, '2d', keys.enter);
  await terminal.see('Why?');
  await terminal.press('INC-1', keys.enter);
  await terminal.see('the first login after the merge, not after 20');
  await terminal.see('Send the request?');
  await terminal.press(keys.enter);
  await terminal.see('Requested:');
  expect(await terminal.end()).toBe(0);

  const printed = /questions:\n([\s\S]*?)\n\n?\? Send/.exec(terminal.text.replaceAll('\\\n', ''))![1]!.trim();
  expect(printed).toMatch(/ --stream payments --stream catalog .*--first-use-by 20\S+Z /);
  const [request] = refs(repo).filter((ref) => ref.includes('request/'));
  const name = request!.split('/').at(-1)!;
  const file = `grants/${name.slice(0, 7)}/${name}.yaml`;
  const yaml = Buffer.from(repo.git('show', `${request}:${file}`));
  const { value } = loadDocumentAs(validateGrantDocument, { path: file, bytes: yaml });
  expect(value?.spec).toMatchObject({
    policy: 'payments-debug',
    streams: ['payments', 'catalog'],
    window: { duration: 'PT1H', start: 'firstUse' },
  });
  const left = Date.parse(value!.spec.window.notAfter!) - systemClock.now();
  expect(Math.abs(left / 3_600_000 - 48)).toBeLessThan(0.1);

  await using alone = sit(repo, 'alice', []);
  await alone.see('Which stream?');
  await alone.press('paym', keys.enter);
  await alone.see('Others together with payments');
  await alone.press(keys.enter); // none
  await alone.see('To do what?');
  await alone.press(keys.ctrlC);
  expect(await alone.end()).toBe(130);
}, 60_000);

test('Ctrl-C at a question or at the end, and no: nothing is written', async () => {
  await using repo = await FollowedRepo.make();
  for (const [at, key, code, said] of [
    ['Which stream?', keys.ctrlC, 130, 'Nothing was sent.'],
    ['Send the request?', keys.ctrlC, 130, 'Nothing was sent.'],
    ['Send the request?', `n${keys.enter}`, 2, 'nothing was sent'],
  ] as const) {
    const given = ['--stream', 'payments', '--operation', 'consume', '--for', '1h', '--topic', 'payments'];
    await using terminal = sit(repo, 'alice', at === 'Which stream?' ? [] : given);
    if (at === 'Send the request?') {
      await terminal.see('Why?');
      await terminal.press('INC-1', keys.enter);
    }
    await terminal.see(at);
    await terminal.press(key);
    expect(await terminal.end()).toBe(code);
    await terminal.see(said);
    expect(terminal.raw.lastIndexOf('\u001b[?25h')).toBeGreaterThan(terminal.raw.lastIndexOf('\u001b[?25l')); // the cursor is back
    expect(refs(repo)).toEqual(['refs/heads/main']);
  }
}, 60_000);

test('only what is missing is asked; stdout is the result alone, and NO_COLOR and narrow terminals are kept to', async () => {
  await using repo = await FollowedRepo.make();
  const out = repo.dir.join('out.json');
  const given = [
    '--stream',
    'payments',
    '--operation',
    'produce',
    '--reason',
    'INC-1',
    '--dry-run',
    '--format',
    'json',
  ];
  await using terminal = sit(repo, 'alice', given, { columns: 50, stdout: out, env: { NO_COLOR: '1' } });
  await terminal.see('All of it (topics payments)?');
  await terminal.press(keys.enter);
  await terminal.see('For how long (at most 4h)?');
  await terminal.press(keys.enter);
  await terminal.see('From when on?');
  await terminal.press(keys.enter);
  expect(await terminal.end()).toBe(0);
  expect(terminal.text).not.toContain('Over by when'); // of a grant that starts at its merge
  expect(terminal.text).not.toContain('Which stream?');
  expect(terminal.text).not.toContain('Send the request?'); // of a dry run
  expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ widens: [{ operations: ['produce'] }] });
  expect(JSON.parse(readFileSync(out, 'utf8')).yaml).toContain('duration: PT1H\n');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are what is looked for
  const colours = /\u001b\[[\d;]*m/;
  expect(terminal.raw).not.toMatch(colours);
  const summary = terminal.text.slice(terminal.text.indexOf('  who:'));
  // Paths are whole wherever they stand.
  expect(summary.split('\n').filter((line) => line.length > 50 && !/grants\/|\/policies|\/keys/.test(line))).toEqual(
    [],
  );

  await using colored = sit(repo, 'alice', given, { stdout: out });
  await colored.see('All of it');
  expect(colored.raw).toMatch(colours);
  await colored.press(keys.ctrlC);
  expect(await colored.end()).toBe(130);
}, 60_000);

test('who may ask for nothing is told before any question; without a terminal, or in CI, the flags are named', async () => {
  await using repo = await FollowedRepo.make();
  await using bob = sit(repo, 'bob', []);
  await bob.see('no policy lets bob ask for anything');
  expect(await bob.end()).toBe(1);
  await using wrong = sit(repo, 'alice', ['--stream', 'paymenst']);
  await wrong.see("no Stream 'paymenst'");
  await wrong.see("did you mean 'payments'?");
  expect(await wrong.end()).toBe(2);
  await using catalog = sit(repo, 'alice', ['--stream', 'catalog']);
  await catalog.see('no policy lets alice ask for anything on catalog');
  expect(await catalog.end()).toBe(1);
  await using ci = sit(repo, 'alice', ['--for', '1h'], { env: { CI: 'true' } });
  await ci.see('the request does not say --stream, --operation, --reason');
  expect(await ci.end()).toBe(2);
  const piped = await repo.as('alice', 'access', 'request', '--stream', 'payments');
  expect(piped).toMatchObject({ code: 2, stdout: '' });
  expect(piped.stderr).toContain('does not say --operation, --for, --reason');
}, 60_000);
