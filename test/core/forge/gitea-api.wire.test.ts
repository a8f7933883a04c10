import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../../../core/clock/clock.ts';
import { SluiceError } from '../../../core/errors/sluice-error.ts';
import { GiteaApi } from '../../../core/forge/gitea/gitea-api.ts';
import type { GiteaOptions } from '../../../core/forge/gitea/gitea-calls.ts';

const token = 'a-token-that-nobody-may-see';
const commit = 'a'.repeat(40);
const other = 'b'.repeat(40);
const user = { id: 5, login: 'ann' };
const pull = {
  number: 7,
  title: 'Ask for access',
  html_url: 'http://forge.test/acme/policies/pulls/7',
  state: 'open',
  merged: false,
  merged_at: null,
  merged_by: null,
  merge_commit_sha: null,
  user,
  head: { label: 'ask', ref: 'ask', sha: commit, repo_id: 3 },
  base: { label: 'main', ref: 'main', sha: other, repo_id: 3 },
};
const review = {
  id: 1,
  user,
  state: 'APPROVED',
  commit_id: commit,
  stale: false,
  official: true,
  dismissed: false,
  submitted_at: '2026-11-24T09:00:00Z',
};

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that answers what a test says, and the adapter that asks it. */
async function forge(answer: Answer, options: Partial<GiteaOptions> = {}) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.url === '/api/v1/settings/api') json(response, { max_response_items: 2 });
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    asked,
    api: new GiteaApi({ url, repo: 'acme/policies', token, clock: systemClock, ...options }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function json(response: ServerResponse, value: unknown, headers: Record<string, string> = {}, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json;charset=utf-8', ...headers });
  response.end(JSON.stringify(value));
}

/** The error of a call that must fail, after a look that no token is in it. */
async function failure(call: Promise<unknown>): Promise<SluiceError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SluiceError);
  const all = [error, (error as SluiceError).cause].map((one) => `${String(one)} ${JSON.stringify(one)}`).join();
  expect(all).not.toContain(token);
  return error as SluiceError;
}

test('a 500 is asked again twice, and then said', async () => {
  await using served = await forge((_request, response) => json(response, {}, {}, 500));
  const error = await failure(served.api.pull(7));
  expect(error).toMatchObject({ code: 'ForgeFailed', why: 'it answered 500', retry: 'later' });
  expect(served.asked).toHaveLength(3);
});

test('an answer after a 502 is as good as one at once', async () => {
  let count = 0;
  await using served = await forge((_request, response) =>
    count++ === 0 ? json(response, {}, {}, 502) : json(response, pull),
  );
  expect(await served.api.pull(7)).toMatchObject({ number: 7, author: { id: 5, bot: false } });
});

test('what is written is not sent again after a 500: it may have been done', async () => {
  await using served = await forge((request, response) =>
    request.method === 'GET' ? json(response, pull) : json(response, {}, {}, 500),
  );
  const error = await failure(served.api.close(7));
  expect(error.code).toBe('ForgeFailed');
  expect(served.asked).toEqual(['PATCH /api/v1/repos/acme/policies/pulls/7']);
});

test('HTML is no answer, whatever its status', async () => {
  await using served = await forge((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>sign in</html>');
  });
  expect(await failure(served.api.repo())).toMatchObject({ code: 'ForgeFailed', why: 'it is HTML' });
});

test('half a body is no answer', async () => {
  await using served = await forge((_request, response) => {
    const text = JSON.stringify(pull);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
    response.write(text.slice(0, 40), () => response.destroy());
  });
  const error = await failure(served.api.pull(7));
  expect(error).toMatchObject({ code: 'ForgeFailed', why: 'no whole answer: the connection failed' });
  expect(served.asked).toHaveLength(3);
});

test('JSON that ends early in a whole body is no answer, and is not quoted', async () => {
  await using served = await forge((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(`{"id": 1, "secret": "${token}`);
  });
  expect(await failure(served.api.repo())).toMatchObject({ code: 'ForgeFailed', why: 'it is no JSON' });
});

test.each([
  ['429 with seconds', 429, { 'retry-after': '120' }],
  ['403 with seconds', 403, { 'retry-after': '120' }],
  ['429 with a date', 429, { 'retry-after': new Date(systemClock.now() + 120_000).toUTCString() }],
] as const)('%s is a limit, with its end', async (_name, status, headers) => {
  await using served = await forge((_request, response) => json(response, {}, headers, status));
  const error = await failure(served.api.repo());
  expect(error.code).toBe('ForgeLimited');
  const until = Date.parse(/at (\S+)$/.exec(error.why!)![1]!);
  expect(Math.abs(until - systemClock.now() - 120_000)).toBeLessThan(5000);
  expect(served.asked).toHaveLength(1);
});

test('a 429 that says no more is a limit too', async () => {
  await using served = await forge((_request, response) => json(response, {}, {}, 429));
  expect((await failure(served.api.repo())).code).toBe('ForgeLimited');
});

test.each([401, 403, 404])('%i is a denial that names the permission', async (status) => {
  await using served = await forge((_request, response) => json(response, { message: token }, {}, status));
  const error = await failure(served.api.repo());
  expect(error.code).toBe('ForgeDenied');
  expect(`${error.why} ${error.fix}`).toMatch(status === 401 ? /401/ : /'repository: Read'/);
});

test.each([
  ['a missing number', { ...pull, number: undefined }, 'number is not an id'],
  ['a text for a number', { ...pull, number: '7' }, 'number is not an id'],
  ['a missing head', { ...pull, head: undefined }, 'head is no object'],
  ['a short commit', { ...pull, head: { ...pull.head, sha: 'abc' } }, 'head.sha is not a commit'],
  ['no word of the author', { ...pull, user: undefined }, 'user is not there'],
  ['an author without an id', { ...pull, user: { login: 'ann' } }, 'user.id is not a whole number'],
  ['another state', { ...pull, state: 'draft' }, 'state is not open or closed'],
  ['merged without a commit', { ...pull, state: 'closed', merged: true }, 'merged_at is not text'],
  ['merged and open', { ...pull, merged: true }, 'state is not closed, though it is merged'],
])('%s makes a pull request none', async (_name, value, flaw) => {
  await using served = await forge((_request, response) => json(response, value));
  const error = await failure(served.api.pull(7));
  expect(error).toMatchObject({ code: 'ForgeFailed', why: expect.stringContaining(flaw) as string });
});

test('a review in a state that is not known makes the list none', async () => {
  await using served = await forge((_request, response) =>
    json(response, [{ ...review, state: 'LGTM' }], { 'x-total-count': '1' }),
  );
  expect(await failure(served.api.reviews(7))).toMatchObject({ why: expect.stringContaining('state') as string });
});

test('a deleted account is nobody, one of the forge itself is a bot', async () => {
  const rows = [
    { ...review, user: { id: -1, login: 'Ghost' } },
    { ...review, id: 2, user: { id: -2, login: 'gitea-actions' } },
  ];
  await using served = await forge((_request, response) => json(response, rows, { 'x-total-count': '2' }));
  const reviews = await served.api.reviews(7);
  expect(reviews.map(({ author }) => author)).toEqual([undefined, { id: -2, login: 'gitea-actions', bot: true }]);
});

test('a redirect to elsewhere is not followed, nor is the token sent there', async () => {
  await using elsewhere = await forge((_request, response) => json(response, pull));
  await using served = await forge((_request, response) => {
    response.writeHead(302, { location: `${elsewhere.url}/api/v1/repos/acme/policies/pulls/7` }).end();
  });
  expect(await failure(served.api.pull(7))).toMatchObject({ why: expect.stringContaining('redirects') as string });
  expect(elsewhere.asked).toEqual([]);
});

test.each([
  ['which says its length', { 'content-length': '5000' }],
  ['which does not', {}],
] as const)('an answer over the cap, %s, is none', async (_name, headers) => {
  const serve: Answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify('x'.repeat(4998)));
  };
  await using served = await forge(serve, { cap: 4096 });
  const error = await failure(served.api.repo());
  expect(error).toMatchObject({ code: 'ForgeFailed', why: 'it is longer than 4096 bytes' });
});

test.each([
  ['before the first byte', (): void => undefined],
  [
    'in the middle of a body',
    (_request: IncomingMessage, response: ServerResponse): void => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"id":');
    },
  ],
])('an answer that hangs %s ends in time', async (_name, answer) => {
  await using served = await forge(answer, { timeoutMs: 100 });
  expect(await failure(served.api.repo())).toMatchObject({ code: 'ForgeFailed', why: 'no whole answer in 100 ms' });
});

test('a forge that is down is said to be', async () => {
  const served = await forge(() => undefined);
  await served[Symbol.asyncDispose]();
  expect((await failure(served.api.repo())).code).toBe('ForgeFailed');
});

test('an abort ends a call with its own reason', async () => {
  const aborting = new AbortController();
  await using served = await forge(() => aborting.abort('enough'), { signal: aborting.signal });
  await expect(served.api.repo()).rejects.toBe('enough');
});

const pages: Record<string, readonly unknown[]> = {
  '1': [review, { ...review, id: 2 }],
  '2': [],
  '3': [{ ...review, id: 3 }],
};
const pageOf = (request: IncomingMessage): string => new URL(request.url!, 'http://x').searchParams.get('page')!;

test('reviews behind a page that shows none of its rows are read too', async () => {
  await using served = await forge((request, response) =>
    json(response, pages[pageOf(request)], { 'x-total-count': '5' }),
  );
  expect((await served.api.reviews(7)).map(({ id }) => id)).toEqual([1, 2, 3]);
});

test('a list whose length changes while it is read is read again', async () => {
  let count = 0;
  await using served = await forge((request, response) => {
    count++;
    const [first, second] = [[pull, { ...pull, number: 8 }], [{ ...pull, number: 9 }]];
    json(response, pageOf(request) === '1' ? first : second, { 'x-total-count': count === 1 ? '4' : '3' });
  });
  expect((await served.api.openPulls('main')).map(({ number }) => number)).toEqual([7, 8, 9]);
  expect(count).toBe(4);
});

test('a list that is shorter than it says is none', async () => {
  await using served = await forge((_request, response) => json(response, [pull], { 'x-total-count': '2' }));
  expect(await failure(served.api.openPulls('main'))).toMatchObject({ why: 'it is not as long as it says' });
});

test('a list that does not say its length is none', async () => {
  await using served = await forge((_request, response) => json(response, [pull]));
  expect(await failure(served.api.openPulls('main'))).toMatchObject({
    why: 'it does not say how long the list is',
  });
});

test('a list without an end is none', async () => {
  const row = [review, { ...review, id: 2 }];
  await using served = await forge((_request, response) => json(response, row, { 'x-total-count': '1000' }));
  expect(await failure(served.api.reviews(7))).toMatchObject({ why: 'it has more than 50 pages' });
});

test('the forge’s clock is compared by its last answer', async () => {
  await using served = await forge((_request, response) => {
    response.setHeader('date', new Date(systemClock.now() + 3_600_000).toUTCString());
    json(response, pull);
  });
  expect(served.api.skew).toBeUndefined();
  await served.api.pull(7);
  expect(Math.abs(served.api.skew! - 3_600_000)).toBeLessThanOrEqual(1000);
});

test.each(['', 'two words', 'with\nline', 'ümlaut'])('the token %j is none, and is not shown', (bad) => {
  const make = (): GiteaApi =>
    new GiteaApi({ url: 'https://git.example.com', repo: 'a/b', token: bad, clock: systemClock });
  expect(make).toThrow('the token for git.example.com is none');
});

test.each([
  ['https://git.example.com', 'git.example.com'],
  ['https://git.example.com:8443/forge', 'git.example.com:8443'],
  ['http://127.0.0.1:3000/', '127.0.0.1:3000'],
  ['http://git.example.com', 'git.example.com:80'],
])('%s has the host %s', (url, host) => {
  expect(new GiteaApi({ url, repo: 'a/b', token: undefined, clock: systemClock }).host).toBe(host);
});

test.each([
  'git.example.com',
  'ftp://git.example.com',
  'https://ann:pw@git.example.com',
  'https://git.example.com?x=1',
])('%s is no address of a forge', (url) => {
  expect(() => new GiteaApi({ url, repo: 'a/b', token: undefined, clock: systemClock })).toThrow('is none');
});

test.each(['a', 'a/b/c', '../b', 'a/..', 'a/b?x', '/b'])('%s is no name of a repo', (repo) => {
  expect(() => new GiteaApi({ url: 'https://x.test', repo, token: undefined, clock: systemClock })).toThrow('repo');
});

test('a token that was rotated meanwhile is asked for again when it is refused, and what was written is written once', async () => {
  const files = ['of-before', 'of-now', 'of-now'];
  let opened = 0;
  const rotated = async (): Promise<string> => files.shift()!;
  await using served = await forge(
    (request, response) => {
      if (request.headers.authorization !== 'token of-now') return json(response, { message: 'invalid' }, {}, 401);
      opened++;
      json(response, pull, {}, 201);
    },
    { token: rotated },
  );
  await served.api.open({ title: 'ask', body: '', head: 'ask', base: 'main' });
  expect([opened, files]).toEqual([1, ['of-now']]);
  files.splice(0, 1, 'wrong', 'wrong', 'of-now');
  expect(await failure(served.api.repo())).toMatchObject({ code: 'ForgeDenied' });
  expect(files).toEqual(['of-now']);
  files.unshift('two words');
  expect(await failure(served.api.repo())).toMatchObject({ code: 'BadConfig' });
});
