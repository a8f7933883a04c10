import { createHmac } from 'node:crypto';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { InputError } from '../../../core/errors/sluice-error.ts';
import { readGiteaWebhook } from '../../../core/forge/gitea/gitea-webhook.ts';
import { addWebhook } from '../../../gateway/api/webhook.ts';

const secret = 'only-for-tests';

function world(secrets: () => Promise<readonly string[]> = async () => [secret]) {
  const app = new Hono();
  const seen: string[] = [];
  let woken = 0;
  addWebhook(app, {
    kind: 'gitea',
    read: readGiteaWebhook,
    secrets,
    repoId: '7',
    wake: () => {
      woken++;
    },
    count: (result) => seen.push(result),
  });
  const post = async (delivery: string, body: string, key = secret): Promise<number> => {
    const headers = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'x-gitea-event': 'pull_request',
      'x-gitea-delivery': delivery,
      'x-gitea-signature': createHmac('sha256', key).update(body).digest('hex'),
    };
    return (await app.request('/webhook/gitea', { method: 'POST', headers, body })).status;
  };
  return { app, post, seen, woken: () => woken };
}

const about = (id: number) => JSON.stringify({ action: 'closed', number: 3, repository: { id } });
const ids = ['0f8e0000-0000-4000-8000-000000000001', '0f8e0000-0000-4000-8000-000000000002'] as const;

test('a signed webhook of the repo wakes the loop once, however often it comes', async () => {
  const { post, seen, woken } = world();
  expect(await post(ids[0], about(7))).toBe(202);
  expect(await post(ids[0], about(7))).toBe(202);
  expect(await post(ids[1], about(7))).toBe(202);
  expect(seen).toEqual(['woken', 'known', 'woken']);
  expect(woken()).toBe(2);
});

test('forged, of another repo, without a signature, or of 30 MB: nothing is woken', async () => {
  const { app, post, seen, woken } = world();
  expect(await post(ids[0], about(7), 'guessed')).toBe(401);
  expect(await post(ids[0], about(8))).toBe(202);
  expect((await app.request('/webhook/gitea', { method: 'POST', body: about(7) })).status).toBe(401);
  expect(await post(ids[1], 'x'.repeat(30 * 1024 * 1024))).toBe(413);
  expect(await post(ids[1], '{"half":')).toBe(401);
  expect(seen).toEqual(['refused', 'otherRepo', 'refused', 'tooLarge', 'refused']);
  expect(woken()).toBe(0);
});

test('a forged one does not use up the delivery of the real one; other paths are not there', async () => {
  const { app, post, woken } = world();
  expect(await post(ids[0], about(7), 'guessed')).toBe(401);
  expect(await post(ids[0], about(7))).toBe(202);
  expect(woken()).toBe(1);
  expect((await app.request('/webhook/github', { method: 'POST', body: about(7) })).status).toBe(404);
  expect((await app.request('/webhook/gitea')).status).toBe(404);
});

test('no more bodies are held at once than a few; the others are told to come again', async () => {
  const gate = Promise.withResolvers<readonly string[]>();
  const { post, seen, woken } = world(() => gate.promise);
  const held = Array.from({ length: 8 }, (_, i) => post(`held-${i}`, about(7)));
  await new Promise((resolve) => setImmediate(resolve));
  expect(await post('late', about(7))).toBe(503);
  gate.resolve([secret]);
  expect(new Set(await Promise.all(held))).toEqual(new Set([202]));
  expect(await post('late', about(7))).toBe(202);
  expect(seen.filter((result) => result === 'busy')).toHaveLength(1);
  expect(woken()).toBe(9);
});

test('a secret that cannot be read takes no webhook, and says so without its path', async () => {
  const { post, seen, woken } = world(async () => {
    throw new InputError('FileUnreadable', 'the secret in /run/secret could not be read');
  });
  expect(await post(ids[0], about(7))).toBe(503);
  expect(seen).toEqual(['noSecret']);
  expect(woken()).toBe(0);
});

test('while a secret is rotated, what is signed with the old one or the new one is taken, and nothing else', async () => {
  const { post, seen } = world(async () => ['new', 'old']);
  expect(await post('a', about(7), 'old')).toBe(202);
  expect(await post('b', about(7), 'new')).toBe(202);
  expect(await post('c', about(7), 'older')).toBe(401);
  expect(seen).toEqual(['woken', 'woken', 'refused']);
});
