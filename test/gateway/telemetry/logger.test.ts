import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { BugError, InputError, UpstreamError } from '../../../core/errors/sluice-error.ts';
import { describeError } from '../../../gateway/telemetry/logger.ts';

const secret = 'hunter2-very-secret';

/** What the real logger, in a process of its own, writes for a piece of code that has `log` and `secret`. */
function logged(code: string, level = 'debug'): { lines: Record<string, unknown>[]; text: string } {
  const script = `
    import { createLogger } from '${new URL('../../../gateway/telemetry/logger.ts', import.meta.url).href}';
    import { UpstreamError } from '${new URL('../../../core/errors/sluice-error.ts', import.meta.url).href}';
    const secret = '${secret}';
    const log = createLogger('${level}', 'gw1');
    ${code}`;
  const ran = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], { encoding: 'utf8' });
  expect(ran.status).toBe(0);
  expect(ran.stdout).toBe('');
  const lines = ran.stderr.split('\n').filter((line) => line.startsWith('{'));
  return { lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>), text: ran.stderr };
}

test('fields that are not on the list do not get out, whatever is passed', () => {
  const { lines, text } = logged(`
    log.info('hello', { cluster: 'main', token: secret, headers: { authorization: secret }, count: 3 });
    log.warn('again', { principal: 'ada', password: secret });`);
  expect(text).not.toContain(secret);
  expect(lines).toEqual([
    { level: 'info', time: expect.any(String), gw: 'gw1', cluster: 'main', count: 3, msg: 'hello' },
    { level: 'warn', time: expect.any(String), gw: 'gw1', principal: 'ada', msg: 'again' },
  ]);
  expect(lines[0]!['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
});

test.each([
  ['an error of a library', "new SyntaxError('Unexpected token in ' + secret)"],
  ['the cause of one of ours', "new UpstreamError('IssuerUnreachable', 'no answer', { cause: new Error(secret) })"],
  ['a cause of a cause', "new UpstreamError('Bug', 'x', { cause: new Error('y', { cause: new Error(secret) }) })"],
  ['an aggregate', 'new AggregateError([new Error(secret)], secret)'],
  ['an error with fields', 'Object.assign(new Error("x"), { config: { password: secret }, response: secret })'],
  ['an error whose message was changed', "Object.assign(new Error('    at ' + secret), { message: 'other' })"],
  ['a string', 'secret'],
  ['an object', '({ secret })'],
  ['an error that says it in several lines', "new Error('one\\n    at two ' + secret + '\\n    at x:1:2')"],
])('%s is not quoted', (_what, error) => {
  const { lines, text } = logged(`log.error('it failed', { error: ${error} });`);
  expect(lines).toHaveLength(1);
  expect(text).not.toContain(secret);
});

test('lines below the level are not written', () => {
  const { lines } = logged("log.debug('a'); log.info('b'); log.warn('c'); log.error('d');", 'warn');
  expect(lines.map((line) => line['msg'])).toEqual(['c', 'd']);
});

test('an error of ours is told whole, without its cause and stack', () => {
  const error = new InputError('BadConfig', 'what', {
    why: 'why',
    fix: 'fix',
    at: 'gateway.yaml:1:2',
    cause: new TypeError(secret),
  });
  expect(describeError(error)).toEqual({
    code: 'BadConfig',
    message: 'what',
    why: 'why',
    fix: 'fix',
    at: 'gateway.yaml:1:2',
  });
  expect(JSON.stringify(describeError(new UpstreamError('RecorderFailed', 'x', { cause: error })))).not.toContain(
    secret,
  );
});

test('a bug brings its stack, a stranger its name and code', () => {
  expect(describeError(new BugError('impossible'))).toMatchObject({
    code: 'Bug',
    stack: expect.stringContaining('logger.test.ts'),
  });
  const system = Object.assign(new TypeError(secret), { code: 'ENOSPC' });
  const told = describeError(system);
  expect(told).toMatchObject({ name: 'TypeError', code: 'ENOSPC' });
  expect(JSON.stringify(told)).not.toContain(secret);
  expect(describeError(undefined)).toEqual({ name: 'undefined' });
});

test('every line is out when the process ends at once', () => {
  const { lines } = logged("for (let i = 0; i < 5000; i++) log.info('line', { count: i }); process.exit(0);");
  expect(lines.map((line) => line['count'])).toEqual([...Array(5000).keys()]);
});

test('a reader that leaves ends the log, not the process, and does not keep it from ending', async () => {
  const logger = new URL('../../../gateway/telemetry/logger.ts', import.meta.url).href;
  const script = `
    import { createLogger } from '${logger}';
    const log = createLogger('info', 'gw1');
    process.stdin.once('data', () => {
      for (let i = 0; i < 3; i++) log.info('nobody reads this');
      process.exit(7);
    });
    log.info('up');`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child.stderr, 'data');
  child.stderr.destroy();
  await once(child.stderr, 'close');
  child.stdin.write('go');
  expect(await once(child, 'exit', { signal: AbortSignal.timeout(4000) })).toEqual([7, null]);
});
