/**
 * SCRAM users of a cluster. The salted password is made here, so that the password itself never travels. An answer
 * means that the change is committed, not that every broker has applied it.
 */
import { randomBytes } from 'node:crypto';
import { type ScramMechanism, saltedPassword, scramIterations } from '../upstream/scram.ts';
import { KafkaError } from '../wire/error-codes.ts';
import { apis } from '../wire/generated/apis.ts';
import { type Admin, checkCode } from './admin-connection.ts';

/** By their numbers in the protocol. */
const mechanismNumbers: Readonly<Record<ScramMechanism, number>> = { 'SCRAM-SHA-256': 1, 'SCRAM-SHA-512': 2 };

/** A user by what the cluster lists. */
export interface ScramUser {
  readonly name: string;
  readonly mechanism: ScramMechanism;
}

/** Creates a user, or gives it another password: 256 random bits, as base64url text. */
export async function createScramUser(admin: Admin, { name, mechanism }: ScramUser): Promise<string> {
  const password = randomBytes(32).toString('base64url');
  const salt = randomBytes(32);
  const iterations = scramIterations.min;
  const upsertion = {
    name,
    mechanism: mechanismNumbers[mechanism],
    iterations,
    salt,
    saltedPassword: await saltedPassword(mechanism, password, salt, iterations),
  };
  await admin.call(apis.AlterUserScramCredentials, { deletions: [], upsertions: [upsertion] }, ({ results }) => {
    for (const { errorCode } of results) checkCode('create a SCRAM user', errorCode);
  });
  return password;
}

/** Deletes users, each with one mechanism; one that is gone already is well. Sessions that are open go on. */
export async function deleteScramUsers(admin: Admin, users: readonly ScramUser[]): Promise<void> {
  if (users.length === 0) return;
  const deletions = users.map(({ name, mechanism }) => ({ name, mechanism: mechanismNumbers[mechanism] }));
  await admin.call(apis.AlterUserScramCredentials, { deletions, upsertions: [] }, ({ results }) => {
    for (const { errorCode } of results) {
      checkCode('delete a SCRAM user', errorCode, [KafkaError.resourceNotFound]);
    }
  });
}

/** The users that the asked broker knows, one entry per mechanism; all of them when no names are given. */
export async function listScramUsers(admin: Admin, names?: readonly string[]): Promise<ScramUser[]> {
  const users = names?.map((name) => ({ name })) ?? null;
  const { results } = await admin.call(apis.DescribeUserScramCredentials, { users }, (answer) => {
    checkCode('list SCRAM users', answer.errorCode);
    for (const { errorCode } of answer.results) {
      checkCode('list SCRAM users', errorCode, [KafkaError.resourceNotFound]);
    }
  });
  return results.flatMap(({ user, credentialInfos }) =>
    credentialInfos.flatMap(({ mechanism: number }) => {
      const mechanism = mechanisms.find((name) => mechanismNumbers[name] === number);
      return mechanism ? [{ name: user, mechanism }] : [];
    }),
  );
}

const mechanisms = Object.keys(mechanismNumbers) as ScramMechanism[];
