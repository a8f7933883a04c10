import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { InputError } from '../core/errors/sluice-error.ts';
import { writeGatewayConfig } from '../test/support/gateway-config.ts';
import { type GatewayProcess, startGatewayProcess } from '../test/support/gateway-process.ts';
import { startKafka } from '../test/support/kafka-broker.ts';
import { type OidcIssuer, startIssuer } from '../test/support/oidc-issuer.ts';
import { storyNames, storyPolicies } from '../test/support/story-policies.ts';
import type { Narrator } from './narrator.ts';
import { onGitea } from './on-gitea.ts';
import { plainGit } from './plain-git.ts';
import type { StoryForge } from './story-forge.ts';

export interface BrokerAccess {
  readonly bootstrap: string;
  readonly user: string;
  readonly password: string;
}

/** Everything the story plays in, running. */
export interface World {
  readonly dir: string;
  readonly broker: BrokerAccess;
  readonly issuer: OidcIssuer;
  readonly forge: StoryForge;
  readonly gateway: GatewayProcess;
  readonly gatewayDir: string;
  /** Prefix of the story's topics, so that a broker of one's own is not disturbed. */
  readonly prefix: string;
}

export interface WorldOptions {
  readonly dir: string;
  /** The user's own broker; undefined = one is started. */
  readonly broker:
    | { readonly bootstrap: string; readonly user: string; readonly passwordFile: string | undefined }
    | undefined;
  /** Where requests live. */
  readonly forge: 'plain' | 'gitea';
  readonly stack: AsyncDisposableStack;
  readonly narrator: Narrator;
}

export async function buildWorld({
  dir: given,
  broker: own,
  forge: kind,
  stack,
  narrator,
}: WorldOptions): Promise<World> {
  const dir = resolve(given);
  await prepare(dir);
  narrator.chapter('The stage');
  const broker = own ? ownBroker(own) : await startBroker(stack, narrator);
  const issuer = stack.use(await startIssuer({ names: [...storyNames] }));
  narrator.good(`an OIDC identity provider answers at ${issuer.issuer}`);
  const prefix = 'demo.';
  const policies = storyPolicies({ issuer: issuer.issuer, prefix });
  const forge =
    kind === 'gitea' ? await onGitea(dir, policies, { stack, narrator }) : plainGit(dir, policies, narrator);
  const gatewayDir = join(dir, 'gateway');
  const config = writeGatewayConfig({
    dir: gatewayDir,
    name: 'gw-demo',
    repo: forge.repo,
    pollInterval: forge.pollInterval,
    owners: ['olga'],
    issuer,
    clusters: [
      { name: 'main', bootstrap: broker.bootstrap, user: broker.user, password: broker.password, sessionIdle: 'PT5S' },
    ],
  });
  const gateway = stack.use(await startGatewayProcess(config, join(gatewayDir, 'gateway.log')));
  narrator.good(`the gateway follows it and listens at ${gateway.addresses.clusters['main']}`);
  await forge.webhooksTo(gateway.addresses.public);
  return { dir, broker, issuer, forge, gateway, gatewayDir, prefix };
}

/** An earlier demo's folder is replaced; anybody else's is not touched. */
async function prepare(dir: string): Promise<void> {
  const marker = join(dir, '.sluice-demo');
  if (existsSync(dir) && !existsSync(marker)) {
    throw new InputError('FolderNotEmpty', `${dir} exists and is not a demo's folder`, {
      fix: 'give another one with --dir',
    });
  }
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  await writeFile(marker, 'Made by npm run demo; replaced by the next run.\n');
}

async function startBroker(stack: AsyncDisposableStack, narrator: Narrator): Promise<BrokerAccess> {
  narrator.note('starting a Kafka broker (the first time its jars are fetched from Maven Central)');
  const broker = stack.use(await startKafka());
  narrator.good(`a real Kafka broker with SCRAM and ACLs answers at ${broker.bootstrap}`);
  return { bootstrap: broker.bootstrap, user: broker.adminUser, password: broker.adminPassword };
}

function ownBroker({ bootstrap, user, passwordFile }: NonNullable<WorldOptions['broker']>): BrokerAccess {
  if (passwordFile === undefined) {
    throw new InputError('BadUsage', "the gateway needs an administrator's password for your broker", {
      fix: 'give --user NAME --password-file FILE',
    });
  }
  return { bootstrap, user, password: readFileSync(passwordFile, 'utf8').trim() };
}
