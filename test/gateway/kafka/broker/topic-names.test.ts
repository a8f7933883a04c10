import { expect, test } from 'vitest';
import type { Admin } from '../../../../gateway/kafka/broker/admin-connection.ts';
import { ClusterTopicNames } from '../../../../gateway/kafka/broker/topic-names.ts';
import type { RequestOf } from '../../../../gateway/kafka/wire/api.ts';
import type { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';

type Request = RequestOf<typeof apis.Metadata>;

/** Names under an admin connection that knows `orders` by its id alone, and keeps what it was asked. */
function names() {
  const asked: Request[] = [];
  const admin = {
    async call(_api: unknown, request: Request) {
      asked.push(request);
      return {
        topics: (request.topics ?? []).map(({ topicId }) => ({ topicId, name: topicId === 'id-1' ? 'orders' : null })),
      };
    },
  };
  return { asked, names: new ClusterTopicNames(admin as unknown as Admin) };
}

test('a broker is asked by id, and what it does not know stays unknown', async () => {
  const on = names();
  await on.names.find(['id-1', 'id-2']);
  expect(on.asked).toMatchObject([
    {
      topics: [
        { topicId: 'id-1', name: null },
        { topicId: 'id-2', name: null },
      ],
      allowAutoTopicCreation: false,
    },
  ]);
  expect([on.names.nameOf('id-1'), on.names.nameOf('id-2')]).toEqual(['orders', undefined]);
});

test('those that ask together share one request, and a large one is asked in parts', async () => {
  const on = names();
  const many = Array.from({ length: 1_001 }, (_, n) => `other-${n}`);
  await Promise.all([on.names.find(['id-1']), on.names.find(many), on.names.find(['id-1'])]);
  expect(on.asked.map(({ topics }) => topics?.length)).toEqual([1_000, 2]);
  await on.names.find(['id-3']);
  expect(on.asked).toHaveLength(3);
});

test('what was learnt from an answer needs no asking, and names are bounded', () => {
  const on = names();
  on.names.learn('id-9', 'payments');
  expect(on.names.nameOf('id-9')).toBe('payments');
  for (let n = 0; n < 200_000; n++) on.names.learn(`n-${n}`, 'x');
  expect([on.names.nameOf('id-9'), on.names.nameOf('n-199999')]).toEqual([undefined, 'x']);
});
