import { afterAll } from 'vitest';
import { startGitHub } from '../../support/github/github-emulator.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { hostedContract } from './contract-views.ts';
import { forgeContract } from './forge-contract.ts';
import { githubUnderTest } from './github-under-test.ts';

const open: AsyncDisposable[] = [];

afterAll(async () => {
  for (const one of open.reverse()) await one[Symbol.asyncDispose]();
});

forgeContract(async () => {
  const dir = await tempDir();
  open.push(dir);
  const github = await startGitHub({ dir: dir.path });
  open.push(github);
  return hostedContract(await githubUnderTest(github));
});
