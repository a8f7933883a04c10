import { afterAll, beforeAll, expect, test } from 'vitest';
import { giteaUnderTest } from '../contract/forge/gitea-under-test.ts';
import { HostedWorld, settled } from '../contract/forge/hosted-world.ts';
import { type Gitea, startGitea } from '../support/gitea/gitea.ts';
import { tempDir } from '../support/temp-dir.ts';

const tries = 30;
let gitea: Gitea;

beforeAll(async () => {
  gitea = await startGitea();
});
afterAll(async () => await gitea?.[Symbol.asyncDispose]());

test(`approve, push, merge at once, ${tries} times: whatever the forge lets through, the gateway admits none`, async ({
  annotate,
}) => {
  const forge = await giteaUnderTest(gitea, 1);
  await using there = await HostedWorld.make(forge, await tempDir());
  await gitea.protectBranch(forge.repo, { approvals: 1, dismissStale: true });
  await using gateway = await there.follow();
  let through = 0;
  for (let i = 0; i < tries; i++) {
    const asked = await there.ask();
    await there.approve('bob', asked.pull);
    await there.rewrite(asked, { window: { duration: 'PT4H' } });
    if (await forge.mergeNow('bob', asked.pull.number)) through++;
  }
  const outcomes = await settled(gateway);
  await annotate(`the forge let ${through} of ${tries} unapproved pushes onto the protected branch`);
  expect(Object.values(outcomes).filter((outcome) => outcome === 'admitted')).toEqual([]);
  expect(Object.keys(outcomes)).toHaveLength(through);
  expect(gateway.state.current.grants).toEqual({});
}, 300_000);
