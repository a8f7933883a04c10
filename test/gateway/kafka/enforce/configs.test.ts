import { describe, expect, test } from 'vitest';
import { decidesTrust, holdsAddress } from '../../../../gateway/kafka/enforce/config-names.ts';
import { apis } from '../../../../gateway/kafka/wire/generated/apis.ts';
import {
  defaultDescribeConfigsResponse,
  defaultDescribeConfigsResponseDescribeConfigsResourceResult,
  defaultDescribeConfigsResponseDescribeConfigsResult,
} from '../../../../gateway/kafka/wire/generated/describe-configs.ts';
import { administration, olga, operatorPolicies } from '../../../support/operator-policies.ts';
import { snapshotOf } from '../../../support/snapshot.ts';
import { Enforcing, realHost, versionsOf } from './enforcing.ts';

const policies = operatorPolicies();
const user = (): Enforcing => new Enforcing(snapshotOf(policies), olga);
const administrator = (): Enforcing =>
  new Enforcing(snapshotOf(policies, [administration(policies, new Enforcing().clock.now() + 60_000)]), olga);

const [topic, broker, logger, metrics, group, unheardOf] = [2, 4, 8, 16, 32, 64];

/** Type, name, and the error when reading, changing, and both as an administrator. */
const resources: readonly [string, number, string, number, number, number][] = [
  ['a topic of hers', topic!, 'open', 0, 0, 0],
  ['a topic she may describe', topic!, 'seen', 0, 29, 0],
  ['a hidden topic', topic!, 'secret', 29, 29, 29],
  ['a group of hers', group!, 'olga.g', 0, 0, 0],
  ['a group she may describe', group!, 'watched', 0, 30, 0],
  ['a strange group', group!, 'other', 30, 30, 30],
  ['a broker', broker!, '1', 31, 31, 0],
  ['all brokers', broker!, '', 31, 31, 0],
  ['a logger', logger!, '1', 31, 31, 0],
  ['a metrics subscription', metrics!, 'm', 31, 31, 0],
  ['something unheard of', unheardOf!, 'x', 42, 42, 42],
];

describe.each(versionsOf(apis.DescribeConfigs))('DescribeConfigs v%i', (version) => {
  const ask = (on: Enforcing, ...asked: [number, string][]) =>
    on.request(apis.DescribeConfigs, version, {
      resources: asked.map(([resourceType, resourceName]) => ({ resourceType, resourceName, configurationKeys: null })),
      includeSynonyms: true,
      includeDocumentation: false,
    });

  test.each(resources)('of %s', (_, resourceType, resourceName, errorCode, __, asAdmin) => {
    const refused = (code: number) =>
      code === 0
        ? { kind: 'forward' }
        : { kind: 'reply', message: { results: [{ resourceType, resourceName, errorCode: code, configs: [] }] } };
    expect(ask(user(), [resourceType, resourceName])).toMatchObject(refused(errorCode));
    expect(ask(administrator(), [resourceType, resourceName])).toMatchObject(refused(asAdmin));
  });

  test('of several resources: what is denied stands behind the others', () => {
    const on = user();
    expect(ask(on, [topic!, 'secret'], [topic!, 'open'], [broker!, '1'])).toMatchObject({
      kind: 'send',
      message: { resources: [{ resourceName: 'open' }] },
    });
    const one = { ...defaultDescribeConfigsResponseDescribeConfigsResult, resourceType: topic!, resourceName: 'open' };
    expect(
      on.response(apis.DescribeConfigs, version, { ...defaultDescribeConfigsResponse, results: [one] }),
    ).toMatchObject({
      message: {
        results: [
          { resourceName: 'open', errorCode: 0 },
          { resourceName: 'secret', errorCode: 29 },
          { resourceName: '1', errorCode: 31 },
        ],
      },
    });
  });

  test('where brokers are is withheld from administrators, in synonyms too', () => {
    const on = administrator();
    ask(on, [broker!, '1']);
    const config = (name: string, value: string, synonym = value) => ({
      ...defaultDescribeConfigsResponseDescribeConfigsResourceResult,
      name,
      value,
      synonyms: [{ name, value: synonym, source: 4 }],
    });
    const answer = on.response(apis.DescribeConfigs, version, {
      ...defaultDescribeConfigsResponse,
      results: [
        {
          ...defaultDescribeConfigsResponseDescribeConfigsResult,
          resourceType: broker!,
          resourceName: '1',
          configs: [
            config('advertised.listeners', `SASL_SSL://${realHost}:9092`),
            config('listeners', 'named'),
            config('something.new', `${realHost}:9092`),
            config('log.retention.ms', '1', `${realHost}:9092`),
            config('log.retention.bytes', '1'),
          ],
        },
      ],
    });
    const hidden = { value: null, isSensitive: true, synonyms: [{ value: null }] };
    expect(answer).toMatchObject({
      message: {
        results: [
          { configs: [hidden, hidden, hidden, hidden, { value: '1', isSensitive: false, synonyms: [{ value: '1' }] }] },
        ],
      },
    });
    expect(JSON.stringify(answer)).not.toContain(realHost);
  });
});

const changes = [
  ...versionsOf(apis.AlterConfigs).map((version) => ['AlterConfigs', version] as const),
  ...versionsOf(apis.IncrementalAlterConfigs).map((version) => ['IncrementalAlterConfigs', version] as const),
];

describe.each(changes)('%s v%i', (name, version) => {
  const ask = (on: Enforcing, config: string, ...asked: [number, string][]) =>
    on.request(apis[name] as (typeof apis)['IncrementalAlterConfigs'], version, {
      resources: asked.map(([resourceType, resourceName]) => ({
        resourceType,
        resourceName,
        configs: [{ name: config, configOperation: 0, value: '1' }],
      })),
      validateOnly: false,
    });

  test.each(resources)('of %s', (_, resourceType, resourceName, __, errorCode, asAdmin) => {
    const refused = (code: number) =>
      code === 0
        ? { kind: 'forward' }
        : { kind: 'reply', message: { responses: [{ resourceType, resourceName, errorCode: code }] } };
    expect(ask(user(), 'a', [resourceType, resourceName])).toMatchObject(refused(errorCode));
    // Types 4, 8 and 16 are an administrator's; her topics and groups are what they were.
    const whole = name === 'AlterConfigs' && resourceType === broker;
    const expected = resourceName === 'seen' ? 29 : resourceName === 'watched' ? 30 : whole ? 31 : asAdmin;
    expect(ask(administrator(), 'a', [resourceType, resourceName])).toMatchObject(refused(expected));
  });

  test('of several resources: what is denied stands behind the others', () => {
    const on = user();
    expect(ask(on, 'a', [topic!, 'secret'], [topic!, 'open'])).toMatchObject({
      kind: 'send',
      message: { resources: [{ resourceName: 'open' }] },
    });
    const done = { errorCode: 0, errorMessage: null, resourceType: topic!, resourceName: 'open' };
    expect(on.response(apis[name], version, { throttleTimeMs: 0, responses: [done] })).toMatchObject({
      message: { responses: [done, { resourceName: 'secret', errorCode: 29 }] },
    });
  });

  test('what decides trust is refused to administrators, on brokers', () => {
    const on = administrator();
    expect(ask(on, 'listener.name.x.plain.sasl.jaas.config', [broker!, ''])).toMatchObject({
      kind: 'reply',
      message: { responses: [{ errorCode: 31 }] },
    });
    if (name === 'IncrementalAlterConfigs') {
      expect(on.context.events).toMatchObject([{ kind: 'deny', code: 'NeverAllowed' }]);
    }
  });
});

test.each([
  'listeners',
  'advertised.listeners',
  'controller.quorum.voters',
  'controller.quorum.bootstrap.servers',
  'zookeeper.connect',
  'host.name',
  'port',
  'listener.name.x.sasl.oauthbearer.jwks.endpoint.url',
])('%s tells where brokers are', (name) => {
  expect(holdsAddress(name, null)).toBe(true);
});

test.each([
  ['PLAINTEXT://:9092', true],
  ['broker-1.example:9092', true],
  ['[::1]:9092', true],
  ['1@10.0.0.1:9093', true],
  ['CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT', false],
  ['3600000', false],
  ['[delete]', false],
])('%s looks like an address: %s', (value, looks) => {
  expect(holdsAddress('something.new', value)).toBe(looks);
});

test.each([
  ['listeners', true],
  ['advertised.listeners', true],
  ['listener.security.protocol.map', true],
  ['listener.name.internal.ssl.truststore.location', true],
  ['sasl.enabled.mechanisms', true],
  ['principal.builder.class', true],
  ['super.users', true],
  ['authorizer.class.name', true],
  ['metric.reporters', true],
  ['remote.log.storage.manager.class.path', true],
  ['log.cleaner.threads', false],
  ['message.max.bytes', false],
  ['max.connections.per.ip', false],
  ['unclean.leader.election.enable', false],
])('%s decides trust: %s', (name, decides) => {
  expect(decidesTrust(name)).toBe(decides);
});
