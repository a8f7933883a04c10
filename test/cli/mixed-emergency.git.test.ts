import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { FollowedRepo } from '../gateway/reconcile/followed-repo.ts';

const policy = 'policies/payments-debug.yaml';
const terms = { maxDuration: 'PT30M', notify: ['payments-leads'], reviewWithin: 'P1D' };

test('a request that holds an emergency beside anything else is signed by nobody, and says why', async () => {
  await using repo = await FollowedRepo.make((files) => {
    const document = parse(files[policy]!);
    return { ...files, [policy]: stringify({ ...document, spec: { ...document.spec, breakGlass: terms } }) };
  });
  const wish = ['--stream', 'payments', '--operation', 'consume', '--for', '20m', '--reason', 'INC-1'];
  const emergency = async (): Promise<Readonly<Record<string, string>>> => {
    const made = await repo.done('alice', 'access', 'break-glass', ...wish, '--format', 'json', '--dry-run');
    const { file, yaml } = JSON.parse(made) as { file: string; yaml: string };
    return { [file]: yaml };
  };
  const { name, file } = JSON.parse(await repo.done('alice', 'access', 'request', ...wish, '--format', 'json'));
  const grant = { [file]: repo.git('show', `request/${name}:${file}`) };

  const [one, two] = [await emergency(), await emergency()];
  await repo.propose('with-a-grant', { ...one, ...grant });
  await repo.propose('two-at-once', { ...one, ...two });
  await repo.propose('with-a-word', { ...one, 'README.md': 'and more\n' });
  for (const mixed of ['with-a-grant', 'two-at-once', 'with-a-word']) {
    const { code, stderr } = await repo.as('bob', 'approval', 'sign', mixed, '--yes');
    expect([mixed, code, stderr]).toEqual([
      mixed,
      2,
      expect.stringContaining('it holds an emergency beside other changes, 2 files in all'),
    ]);
    expect(stderr).toContain(`request '${mixed}' cannot be approved`);
  }
  await repo.propose('alone', one);
  await repo.done('bob', 'approval', 'sign', 'alone', '--yes');
}, 60_000);
