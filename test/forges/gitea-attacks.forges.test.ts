import { afterAll, beforeAll } from 'vitest';
import { attackTable } from '../contract/forge/attacks.ts';
import { giteaUnderTest } from '../contract/forge/gitea-under-test.ts';
import { type Gitea, startGitea } from '../support/gitea/gitea.ts';

let gitea: Gitea;
let count = 0;

beforeAll(async () => {
  gitea = await startGitea();
});
afterAll(async () => await gitea?.[Symbol.asyncDispose]());

attackTable(() => giteaUnderTest(gitea, ++count));
