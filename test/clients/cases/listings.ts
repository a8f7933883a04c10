import { expect } from 'vitest';
import type { Body } from '../case-body.ts';

const codeOf = (error: { code?: string; message: string }): string => error.code ?? error.message;

export const listingCases: Readonly<Record<string, Body>> = {
  'list-topics': async (world) => {
    const [open, seen, secret] = [
      await world.topic('open', 'listed'),
      await world.topic('seen', 'listed'),
      await world.topic('secret', 'listed'),
    ];
    const { topics } = await world.client.run('topics', { login: await world.login() });
    expect(topics).toEqual(expect.arrayContaining([open, seen]));
    expect(topics).not.toContain(secret);
    expect(topics.filter((name) => name.includes('.secret.'))).toEqual([]);
  },

  'describe-denied': async (world) => {
    const topic = await world.topic('secret', 'described');
    const login = await world.login();
    expect(await world.client.run('describeTopic', { login, topic }).catch(codeOf)).toBe('TOPIC_AUTHORIZATION_FAILED');
  },

  'describe-unknown-id': async (world) => {
    const login = await world.login();
    const topic = await world.topic('open', 'by-id');
    const { topicId } = await world.client.run('describeTopic', { login, topic });
    expect(await world.client.run('describeTopicId', { login, topicId })).toEqual({ topic });
    const nobody = world.client.run('describeTopicId', { login, topicId: 'c2x1aWNlIGlkIG9mIG5vLg' });
    expect(await nobody.catch(codeOf)).toBe('UNKNOWN_TOPIC_ID');
  },

  'list-groups': async (world) => {
    const topic = await world.topic('open', 'offsets');
    const [open, secret] = [world.named('open', 'listed'), world.named('secret', 'listed')];
    await world.broker.commit(open, topic);
    await world.broker.commit(secret, topic);
    const { groups } = await world.client.run('groups', { login: await world.login() });
    expect(groups).toContain(open);
    expect(groups.filter((name) => name.includes('.secret.'))).toEqual([]);
  },

  'describe-groups': async (world) => {
    const topic = await world.topic('open', 'more-offsets');
    const [open, secret] = [world.named('open', 'described'), world.named('secret', 'described')];
    await world.broker.commit(open, topic);
    await world.broker.commit(secret, topic);
    const { results } = await world.client.run('describeGroups', {
      login: await world.login(),
      groups: [open, secret],
    });
    expect(results).toEqual({ [open]: 'NONE', [secret]: 'GROUP_AUTHORIZATION_FAILED' });
  },
};
