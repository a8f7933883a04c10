import * as Flags from '@oclif/core/flags';

/** How commands find the policy repo and whoever works on it. */
export const repoFlags = {
  repo: Flags.string({
    description: 'URL or path of the policy repo.',
    env: 'SLUICE_REPO',
    default: '.',
    helpValue: 'URL',
  }),
  branch: Flags.string({ description: 'The branch the gateway follows.', env: 'SLUICE_BRANCH', default: 'main' }),
  genesis: Flags.string({
    description:
      "Commit that names the repo, as in the gateway's trustRoot; the first commit of the branch if left out.",
    env: 'SLUICE_GENESIS',
    helpValue: 'COMMIT',
  }),
};

export const keyFlag = {
  key: Flags.string({
    description: 'Your SSH private key; its public half is in your Identity. Looked for in ~/.ssh if left out.',
    env: 'SLUICE_KEY',
    helpValue: 'FILE',
  }),
};

export const formatFlag = {
  format: Flags.option({
    options: ['pretty', 'json'] as const,
    description: 'How the result is written.',
    default: 'pretty' as const,
  })(),
};

export const socketFlag = {
  socket: Flags.string({
    description: "The gateway's admin.socket.",
    env: 'SLUICE_SOCKET',
    default: '/run/sluice/admin.sock',
    helpValue: 'PATH',
  }),
};
