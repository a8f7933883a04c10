import { afterAll } from 'vitest';
import { type GitHubEmulator, startGitHub } from '../../support/github/github-emulator.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { attackTable, attackTableOfGitHub } from './attacks.ts';
import { type GitHubUnderTest, githubUnderTest } from './github-under-test.ts';

const open: AsyncDisposable[] = [];

afterAll(async () => {
  for (const one of open.reverse()) await one[Symbol.asyncDispose]();
});

async function forge(): Promise<GitHubUnderTest> {
  const dir = await tempDir();
  open.push(dir);
  const github: GitHubEmulator = await startGitHub({ dir: dir.path });
  open.push(github);
  return githubUnderTest(github);
}

attackTable(forge);
attackTableOfGitHub(forge);
