import { InputError } from '../../errors/sluice-error.ts';

/** The parts of `owner/name`, as they stand in GitHub's paths. */
export function nameOnGitHub(repo: string): { readonly owner: string; readonly repo: string } {
  const [, owner, name] = /^([\w.-]{1,100})\/([\w.-]{1,100})$/.exec(repo) ?? [];
  if (owner === undefined || name === undefined || /^\.+$/.test(owner) || /^\.+$/.test(name)) {
    throw new InputError('BadConfig', 'the name of the repo on GitHub is none', { fix: 'write it like owner/name' });
  }
  return { owner, repo: name };
}
