/** The settings of the broker that tests and demo run, and what they are made of. */
import { join } from 'node:path';

/** How a broker differs from the usual one. */
export interface KafkaOptions {
  /** The release; the usual one when absent. */
  readonly version?: string;
  /** SCRAM-SHA-512 and -256 with an authorizer (the default), or neither. */
  readonly sasl?: boolean;
  /** Makes the broker take OAUTHBEARER too. */
  readonly oauth?: { readonly jwksUrl: string; readonly audience: string; readonly issuer: string };
  /** The port that clients are told, where something stands in front of the broker. */
  readonly advertisedPort?: number;
  /** Listeners without security beside the usual one, each with the port that its clients are told. */
  readonly plainListeners?: readonly { readonly port: number; readonly advertisedPort: number }[];
  /** How to reach it, where its settings make its listener one of TLS. */
  readonly tls?: { readonly ca: Buffer };
  /** Further options of the JVM; they win. */
  readonly jvm?: readonly string[];
  /** Further lines of server.properties; they win. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The user that may do everything on a broker with SASL. */
export const adminUser = 'admin';
/** Its password, in a broker that nobody else reaches. */
export const adminPassword = 'admin-secret';

/** Where the broker listens. */
export const brokerHost = '127.0.0.1';

/** The broker's server.properties, for a folder that will hold its data. */
export function serverProperties(folder: string, port: number, controllerPort: number, options: KafkaOptions): string {
  const secure = options.sasl !== false;
  const listener = secure ? 'SASL_PLAINTEXT' : 'PLAINTEXT';
  const prefix = `listener.name.${listener.toLowerCase()}`;
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required';
  const security = {
    'sasl.enabled.mechanisms': `SCRAM-SHA-512,SCRAM-SHA-256${options.oauth ? ',OAUTHBEARER' : ''}`,
    'sasl.mechanism.inter.broker.protocol': 'SCRAM-SHA-512',
    [`${prefix}.scram-sha-512.sasl.jaas.config`]: `${scram} username="${adminUser}" password="${adminPassword}";`,
    [`${prefix}.scram-sha-256.sasl.jaas.config`]: `${scram};`,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    // ANONYMOUS is the controller's plaintext listener, which is on loopback.
    'super.users': `User:${adminUser};User:ANONYMOUS`,
    'allow.everyone.if.no.acl.found': 'false',
  };
  const plain = options.plainListeners ?? [];
  const groups = ['consumer', 'share', 'streams'].flatMap((kind) => [
    [`group.${kind}.min.heartbeat.interval.ms`, '500'],
    [`group.${kind}.heartbeat.interval.ms`, '500'],
  ]);
  const lines = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.bootstrap.servers': `${brokerHost}:${controllerPort}`,
    listeners: [
      `${listener}://${brokerHost}:${port}`,
      `CONTROLLER://${brokerHost}:${controllerPort}`,
      ...plain.map((one, i) => `PLAIN${i}://${brokerHost}:${one.port}`),
    ].join(','),
    'advertised.listeners': [
      `${listener}://${brokerHost}:${options.advertisedPort ?? port}`,
      ...plain.map((one, i) => `PLAIN${i}://${brokerHost}:${one.advertisedPort}`),
    ].join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': listener,
    'listener.security.protocol.map': [
      'CONTROLLER:PLAINTEXT',
      `${listener}:${listener}`,
      ...plain.map((_, i) => `PLAIN${i}:PLAINTEXT`),
    ].join(','),
    ...(secure ? security : {}),
    ...(options.oauth ? oauthSettings(prefix, options.oauth) : {}),
    'log.dirs': join(folder, 'data'),
    'num.partitions': '3',
    'offsets.topic.num.partitions': '3',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '3',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '3',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.streams.initial.rebalance.delay.ms': '0',
    ...Object.fromEntries(groups),
    ...options.settings,
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function oauthSettings(prefix: string, oauth: NonNullable<KafkaOptions['oauth']>): Record<string, string> {
  const bearer = `${prefix}.oauthbearer.sasl`;
  const classes = 'org.apache.kafka.common.security.oauthbearer';
  return {
    [`${bearer}.jaas.config`]: `${classes}.OAuthBearerLoginModule required;`,
    [`${bearer}.server.callback.handler.class`]: `${classes}.OAuthBearerValidatorCallbackHandler`,
    [`${bearer}.oauthbearer.jwks.endpoint.url`]: oauth.jwksUrl,
    [`${bearer}.oauthbearer.expected.audience`]: oauth.audience,
    [`${bearer}.oauthbearer.expected.issuer`]: oauth.issuer,
    [`${prefix}.sasl.oauthbearer.jwt.validator.class`]: `${classes}.BrokerJwtValidator`,
  };
}

/** The broker's log4j2.properties: warnings to stdout. */
export const logging = `status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
`;
