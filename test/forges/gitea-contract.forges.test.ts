import { afterAll, beforeAll } from 'vitest';
import { hostedContract } from '../contract/forge/contract-views.ts';
import { forgeContract } from '../contract/forge/forge-contract.ts';
import { giteaUnderTest } from '../contract/forge/gitea-under-test.ts';
import { type Gitea, startGitea } from '../support/gitea/gitea.ts';

let gitea: Gitea;
let count = 0;

beforeAll(async () => {
  gitea = await startGitea();
});
afterAll(async () => await gitea?.[Symbol.asyncDispose]());

forgeContract(async () => hostedContract(await giteaUnderTest(gitea, ++count)));
