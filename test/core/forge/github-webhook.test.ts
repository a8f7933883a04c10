import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { readGitHubWebhook } from '../../../core/forge/github/github-webhook.ts';

const secret = 'between-two-machines';
const said = { ref: 'refs/heads/main', repository: { id: 42 } };

function delivery(body: string, changes: Record<string, string | undefined> = {}) {
  const bytes = Buffer.from(body);
  const headers = {
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`,
    'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    'x-github-event': 'push',
    ...changes,
  };
  return readGitHubWebhook(headers, bytes, secret);
}

test('a push says which ref of which repo it is about', () => {
  expect(delivery(JSON.stringify(said))).toEqual({
    delivery: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    event: 'push',
    repoId: 42,
    ref: 'refs/heads/main',
  });
});

test('a review says which pull request it is about', () => {
  const body = JSON.stringify({ action: 'submitted', pull_request: { number: 7 }, repository: { id: 42 } });
  expect(delivery(body, { 'x-github-event': 'pull_request_review' })).toMatchObject({ pull: 7, repoId: 42 });
});

test('one changed byte, another secret, another scheme and no signature are refused', () => {
  const body = JSON.stringify(said);
  const right = createHmac('sha256', secret).update(body).digest('hex');
  const other = createHmac('sha256', 'other').update(body).digest('hex');
  const old = createHmac('sha1', secret).update(body).digest('hex');
  const bad = { refused: 'its signature is of another secret' };
  const none = { refused: 'it has no signature' };
  expect(delivery(body.replace('42', '43'), { 'x-hub-signature-256': `sha256=${right}` })).toEqual(bad);
  expect(delivery(body, { 'x-hub-signature-256': `sha256=${other}` })).toEqual(bad);
  for (const value of [undefined, '', right, `sha1=${old}`, `sha256=${right}0`, `sha256=${right},sha256=${right}`]) {
    expect(delivery(body, { 'x-hub-signature-256': value })).toEqual(none);
  }
});

test('a body is not looked at before its signature is known', () => {
  expect(delivery('no json', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` })).toEqual({
    refused: 'its signature is of another secret',
  });
});

test.each([
  ['payload=%7B%7D', /no JSON/],
  ['{"ref":"refs/heads/main"}', /no repo/],
  ['{"repository":{"id":"42"}}', /no repo/],
  ['{"repository":{"id":-1}}', /no repo/],
  ['[]', /no repo/],
  ['null', /no repo/],
])('the signed body %s is refused', (body, why) => {
  expect(delivery(body)).toEqual({ refused: expect.stringMatching(why) });
});

test('a delivery without its id or event is refused', () => {
  const body = JSON.stringify(said);
  expect(delivery(body, { 'x-github-delivery': undefined })).toEqual({ refused: 'it has no delivery id' });
  expect(delivery(body, { 'x-github-event': 'a b' })).toEqual({ refused: 'it has no event' });
});

test('an empty secret is a bug, since anybody could sign with it', () => {
  expect(() => readGitHubWebhook({}, Buffer.from('{}'), '')).toThrow(/without a secret/);
});
