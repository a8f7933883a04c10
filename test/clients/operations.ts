/** What the matrix asks of every client, whatever language it is written in: plain data, so that it crosses a pipe. */

export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Codec = (typeof codecs)[number];

/** How a client logs in, and where. */
export interface Login {
  /** `host:port`. */
  readonly address: string;
  readonly mechanism: 'PLAIN' | 'OAUTHBEARER' | 'SCRAM-SHA-512';
  readonly user: string;
  /** The password; with OAUTHBEARER and no `tokenUrl`, the token itself. */
  readonly password: string;
  /** OAUTHBEARER: where the client gets its tokens by client credentials, as often as it wants. */
  readonly tokenUrl?: string | undefined;
  readonly clientSecret?: string | undefined;
  /** PEM file of the CA, where TLS is spoken. */
  readonly ca?: string | undefined;
}

export interface Produce {
  readonly login: Login;
  readonly records: readonly { readonly topic: string; readonly value: string }[];
  readonly codec?: Codec;
  readonly idempotent?: boolean;
  /** -1 (all) when absent. */
  readonly acks?: 0 | -1;
  /** All records in one transaction, which is committed or, with `abort`, is not. */
  readonly transactionalId?: string;
  readonly abort?: boolean;
}

export interface Read {
  readonly login: Login;
  readonly topics: readonly string[];
  /** Without a group the partitions are assigned, by a client that can do that; others use `anyGroup`. */
  readonly group?: string;
  readonly anyGroup: string;
  readonly protocol?: 'classic' | 'consumer' | 'share';
  readonly committed?: boolean;
  /** It ends when so many of both have come, or in time. */
  readonly records: number;
  readonly errors?: number;
  /** It ends with more errors than that, too; as many as `errors` when absent. */
  readonly tolerated?: number;
  readonly timeoutMs?: number;
}

/** Reads, changes (`did ` + value), writes, and commits the offsets read, all in transactions. */
export interface Pipe {
  readonly login: Login;
  readonly from: string;
  readonly to: string;
  readonly group: string;
  readonly transactionalId: string;
  readonly records: number;
}

export interface Streams {
  readonly login: Login;
  readonly from: string;
  readonly to: string;
  readonly applicationId: string;
  readonly protocol: 'classic' | 'streams';
  readonly records: number;
}

/** What a read ended with. Errors by Kafka's names, such as TOPIC_AUTHORIZATION_FAILED. */
export interface ReadResult {
  readonly records: readonly { readonly topic: string; readonly value: string }[];
  readonly errors: readonly string[];
}

/** Every operation: what it takes and what it ends with. One that fails throws a ClientFailure. */
export interface Operations {
  /** The client's own word. */
  version: [Record<never, never>, { readonly version: string }];
  /** Of each record, in order: NONE or the name of its error. */
  produce: [Produce, { readonly results: readonly string[] }];
  read: [Read, ReadResult];
  /** Names of the topics that the client sees. */
  topics: [{ readonly login: Login }, { readonly topics: readonly string[] }];
  describeTopic: [{ readonly login: Login; readonly topic: string }, { readonly topicId: string }];
  describeTopicId: [{ readonly login: Login; readonly topicId: string }, { readonly topic: string }];
  groups: [{ readonly login: Login }, { readonly groups: readonly string[] }];
  /** NONE or the name of an error, by group. */
  describeGroups: [
    { readonly login: Login; readonly groups: readonly string[] },
    { readonly results: Readonly<Record<string, string>> },
  ];
  pipe: [Pipe, Record<never, never>];
  streams: [Streams, Record<never, never>];
  /** The newest versions of APIs that it has written so far, by API. */
  versions: [Record<never, never>, { readonly versions: Readonly<Record<string, number>> }];
}
export type Operation = keyof Operations;

/** A record that was read, as soon as the client hands it out. */
export type OnRecord = (record: { readonly topic: string; readonly value: string }) => void;

/** A client in a process of its own or in this one. */
export interface Client extends AsyncDisposable {
  run<O extends Operation>(operation: O, what: Operations[O][0], onRecord?: OnRecord): Promise<Operations[O][1]>;
}

/** A client said no: `code` is Kafka's name of the error, or the client's own where Kafka has none. */
export class ClientFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}
