import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { readGiteaWebhook } from '../../../core/forge/gitea/gitea-webhook.ts';
import type { WebhookHeaders } from '../../../core/forge/hosted/read-webhook.ts';

const secret = 'shared with the forge';
const push = { ref: 'refs/heads/main', repository: { id: 7, full_name: 'acme/policies' } };
const approved = { action: 'reviewed', repository: { id: 7 }, pull_request: { number: 3 } };

function signed(said: unknown, headers: WebhookHeaders = {}): [WebhookHeaders, Uint8Array] {
  const body = Buffer.from(typeof said === 'string' ? said : JSON.stringify(said));
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  const usual = { 'x-gitea-signature': signature, 'x-gitea-delivery': 'f6b9-1', 'x-gitea-event': 'push' };
  return [{ ...usual, ...headers }, body];
}

test('a push says which ref of which repo moved', () => {
  expect(readGiteaWebhook(...signed(push), secret)).toEqual({
    delivery: 'f6b9-1',
    event: 'push',
    repoId: 7,
    ref: 'refs/heads/main',
  });
});

test('a review says which pull request it is of', () => {
  const read = readGiteaWebhook(...signed(approved, { 'x-gitea-event': 'pull_request_approved' }), secret);
  expect(read).toEqual({ delivery: 'f6b9-1', event: 'pull_request_approved', repoId: 7, pull: 3 });
});

test('a body that was changed by one byte is refused', () => {
  const [headers, body] = signed(push);
  body[body.length - 2]! ^= 1;
  expect(readGiteaWebhook(headers, body, secret)).toEqual({ refused: 'its signature is of another secret' });
});

test('another secret is refused', () => {
  expect(readGiteaWebhook(...signed(push), 'another')).toEqual({ refused: 'its signature is of another secret' });
});

test.each([
  ['none', undefined],
  ['an empty one', ''],
  ['one with a prefix', `sha256=${'0'.repeat(64)}`],
  ['a short one', '00ff'],
  ['several', ['0'.repeat(64)]],
])('%s for a signature is refused', (_name, signature) => {
  const read = readGiteaWebhook(...signed(push, { 'x-gitea-signature': signature }), secret);
  expect(read).toEqual({ refused: 'it has no signature' });
});

test('a body that is not signed is not parsed: what it says makes no difference', () => {
  const [headers] = signed(push);
  for (const body of ['{', '', '[]', 'x'.repeat(100_000)]) {
    const read = readGiteaWebhook(headers, Buffer.from(body), secret);
    expect(read).toEqual({ refused: 'its signature is of another secret' });
  }
});

test('a signed body that is no JSON is refused with what to do', () => {
  const { refused } = readGiteaWebhook(...signed('{"repository":'), secret) as { refused: string };
  expect(refused).toContain('application/json');
});

test.each([
  ['a list', '[]'],
  ['no repo', {}],
  ['a repo with a text for an id', { repository: { id: '7' } }],
  ['a repo with the id 0', { repository: { id: 0 } }],
  ['a repo that is inherited', '{"__proto__":{"repository":{"id":7}}}'],
])('a signed body that is %s is refused', (_name, said) => {
  expect(readGiteaWebhook(...signed(said), secret)).toEqual({ refused: 'it is about no repo' });
});

test('a delivery without an id or an event is refused', () => {
  const without = (name: string): unknown => readGiteaWebhook(...signed(push, { [name]: undefined }), secret);
  expect(without('x-gitea-delivery')).toEqual({ refused: 'it has no delivery id' });
  expect(without('x-gitea-event')).toEqual({ refused: 'it has no event' });
});

test('a secret that is empty is nobody’s', () => {
  expect(() => readGiteaWebhook(...signed(push), '')).toThrow('without a secret');
});
