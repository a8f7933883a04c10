import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runDemo } from '../support/run-demo.ts';
import { tempDir } from '../support/temp-dir.ts';

test('the story of the demo goes to its end on a real Gitea', async () => {
  await using dir = await tempDir();
  const { code, told, failed } = await runDemo(dir.join('story'), ['--forge', 'gitea']);
  expect([code, failed], told).toEqual([0, '']);
  for (const said of [
    /nobody can approve or reject a pull request of their own/,
    /merged is not granted: NotEnoughApprovals/,
    /Approve it at: http:\/\/127\.0\.0\.1:\d+\/acme\/policies\/pulls\/2/,
    /Signed \(approve\) by bob/,
    /✓ the gateway admitted it [\d.]+ s after the merge began/,
    /"card": "\*\*\*\* \*\*\*\* \*\*\*\* 1111"/,
    /✓ the grant ended at \S+; the client noticed \d+ ms later/,
    /carol approves and merges pull request #3 in Gitea itself/,
    /✓ no approval needed to take away; the client was cut \d+ ms after the push/,
    /✓ the gateway stopped: no broker user and no ACL of it is left/,
    /whole: nothing is missing and every line is as it was written/,
  ]) {
    expect(told).toMatch(said);
  }
  const log = execFileSync('git', ['-C', dir.join('story', 'policies.git'), 'log', '--format=%s', 'main'], {
    encoding: 'utf8',
  });
  expect(log).toMatch(/^Revoke \S+-alice-payments-/);
  // It looked only when it was woken: the poll is ten minutes away.
  expect(readFileSync(dir.join('story', 'gateway', 'gateway.yaml'), 'utf8')).toContain('pollInterval: PT10M');
}, 240_000);
