/** What `approval sign` says of an emergency before anybody signs its review. */
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { FollowedRepo } from '../gateway/reconcile/followed-repo.ts';

const policy = 'policies/payments-debug.yaml';
const terms = { maxDuration: 'PT30M', notify: ['payments-leads'], reviewWithin: 'P1D' };

test('before a review is signed it says whether the subject signed the emergency', async () => {
  await using repo = await FollowedRepo.make((files) => {
    const document = parse(files[policy]!);
    return { ...files, [policy]: stringify({ ...document, spec: { ...document.spec, breakGlass: terms } }) };
  });
  const wish = ['--stream', 'payments', '--operation', 'consume', '--for', '20m', '--reason', 'INC-1'];
  const made = await repo.done('alice', 'access', 'break-glass', ...wish, '--format', 'json');
  const { name, file, yaml } = JSON.parse(made) as { name: string; file: string; yaml: string };
  const shown = async (request: string): Promise<string> => {
    const { code, stdout, stderr } = await repo.as('bob', 'approval', 'sign', request);
    expect([code, stderr]).toEqual([2, expect.stringContaining('there is nobody to ask')]);
    return stdout;
  };
  const signed = 'An emergency, signed by its subject alice at 20';
  const unsigned =
    'An emergency that is NOT signed by its subject alice, as it is here and under the rules as they are now.\n';
  expect(await shown(name)).toContain(signed);
  expect(await shown(name)).toMatch(/^ {2}for: +PT20M\n/m); // not from the merge, which is a review only

  // What alice signed, and one word of it changed.
  await repo.propose('longer', { [file]: yaml.replace('PT20M', 'PT25M') }, 'alice');
  expect(await shown('longer')).toContain(unsigned);
  expect(await shown('longer')).toContain('No gateway admits it so.');

  // The same document, of which the rules make something else now.
  const document = parse(await repo.text(policy));
  await repo.direct({ [policy]: stringify({ ...document, spec: { ...document.spec, unmask: ['payments/email'] } }) });
  expect(await shown(name)).toContain(unsigned);
}, 60_000);
