/** A policy repo as `sluice init` writes it, with git in it, and what alice could ask for there. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { runSluice } from './run-sluice.ts';

/** Runs git in the repo; what it printed, trimmed. */
export type Git = (...args: readonly string[]) => Promise<string>;

/** Writes the repo into `folder`, on a branch main without commits. `env` has what git needs, HOME above all. */
export async function initRepo(
  folder: string,
  forge: { readonly kind: string; readonly address: string },
  env: Readonly<Record<string, string | undefined>>,
): Promise<Git> {
  const made = await runSluice(['init', folder, '--forge', forge.kind, '--repo', forge.address]);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  const identity = ['-c', 'user.name=somebody', '-c', 'user.email=somebody@example.com'];
  const git: Git = async (...args) =>
    (await promisify(execFile)('git', ['-C', folder, ...identity, ...args], { env })).stdout.trim();
  await git('init', '-q', '-b', 'main');
  return git;
}

export const grantFile = 'grants/2026-12/2026-12-01-alice-orders.yaml';

/** A Grant that fits the rules of such a repo. */
export function grantText(reason: string): string {
  return `apiVersion: sluice.dev/v1
kind: Grant
metadata:
  name: 2026-12-01-alice-orders
spec:
  uid: "0123456789abcdef0123456789abcdef"
  requestedBy: alice
  subject: alice
  policy: orders-read-on-request
  streams: [orders]
  operations: [consume]
  window: { duration: PT1H }
  reason: ${JSON.stringify(reason)}
`;
}
