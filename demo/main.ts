/**
 * `npm run demo`: the whole story with a real broker, a real identity provider, a real policy repo and real clients,
 * in about a minute; `--forge gitea` plays it on a real Gitea. Leaves a folder to look at. Ctrl-C ends everything it started.
 */
import { parseArgs } from 'node:util';
import { InputError, SluiceError } from '../core/errors/sluice-error.ts';
import { isGiteaBuilt } from '../test/support/gitea/build-gitea.ts';
import { Narrator } from './narrator.ts';
import { checkNeeds } from './needs.ts';
import { playStory } from './story.ts';

const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: '.sluice-demo' },
    forge: { type: 'string', default: 'plain' },
    bootstrap: { type: 'string' },
    user: { type: 'string', default: 'admin' },
    'password-file': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(`npm run demo [-- OPTIONS]

  --dir DIR              where repo, recordings and configuration are left (default .sluice-demo)
  --forge plain|gitea    where requests live: plain git (default), or a real Gitea, which is built the first time (five
                         to seven minutes; needs Go 1.26 and a C compiler)
  --bootstrap HOST:PORT  your own broker instead of one started here; it needs SCRAM-SHA-512 and an authorizer
  --user NAME            its administrator (default admin)
  --password-file FILE   the administrator's password
`);
  process.exit(0);
}

const narrator = new Narrator();
const stack = new AsyncDisposableStack();
let ending: Promise<void> | undefined;
const end = (): Promise<void> => {
  ending ??= stack.disposeAsync();
  return ending;
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    narrator.note('stopping; everything that was started is ended');
    void end().then(() => process.exit(130));
  });
}

try {
  const { forge } = values;
  if (forge !== 'plain' && forge !== 'gitea') {
    throw new InputError('BadUsage', `there is no forge '${forge}' for the story`, { fix: 'give plain or gitea' });
  }
  checkNeeds({ ownBroker: values.bootstrap !== undefined, buildsGitea: forge === 'gitea' && !isGiteaBuilt() });
  await playStory({
    dir: values.dir,
    forge,
    broker:
      values.bootstrap === undefined
        ? undefined
        : { bootstrap: values.bootstrap, user: values.user, passwordFile: values['password-file'] },
    stack,
    narrator,
  });
  await end();
} catch (error) {
  await end();
  if (ending && process.exitCode === 130) process.exit(130);
  narrator.failed(
    error instanceof SluiceError ? [error.message, error.why, error.fix].filter(Boolean).join('\n  ') : error,
  );
  process.exit(1); // clients of the story may still be connected
}
