import { describe, expect, test } from 'vitest';
import { inRange } from '../../../core/policy/address-range.ts';
import { isFault, parseWhen } from '../../../core/policy/when-language.ts';

describe('what is in the language', () => {
  test.each([
    ['claims.mfa == true', ['mfa'], false, false],
    ['claims["amr-level"] in ["hwk", "otp"]', ['amr-level'], false, false],
    ['has(claims.contractor) && claims.contractor == true', ['contractor'], false, false],
    ['"admin" in claims.roles', ['roles'], false, false],
    ['"mfa" in claims', ['mfa'], false, false],
    ['claims.roles.exists(r, r.startsWith("pay-"))', ['roles'], false, false],
    ['inCidr(source.address, "10.0.0.0/8")', [], true, false],
    ['principal.name == "alice" || principal.kind == "workload"', [], false, false],
    ['"oncall" in principal.groups', [], false, true],
    ['principal.labels.team == claims.team', ['team'], false, true],
  ])('%s', (text, claims, readsSource, readsPrincipal) => {
    expect(parseWhen(text)).toEqual({ text, claims, readsSource, readsPrincipal });
  });
});

describe('what is not', () => {
  test.each([
    ['claims.mfa', 'this need not be true or false', 0],
    ['principal.name', 'this is string, not bool', 0],
    ['claims.a ==', 'unexpected token: EOF', 11],
    ['claims.ok == 1 && principal.nam == "x"', 'no such key: nam', 28],
    ['user.name == "x"', 'unknown variable: user', 0],
    ['"a" + 1 == "b"', "'+' is not part of this language", 0],
    ['principal.name == 3', 'no such overload: string == int', 0],
    ['principal.name.matches("(a+)+$")', "'matches' is not part of this language", 0],
    ['timestamp("2026-01-01T00:00:00Z") == timestamp("2026-01-01T00:00:00Z")', "'timestamp' is not", 0],
    ['claims.iat > 5', "'iat' is of the clock", 0],
    ['claims[principal.name] == 1', 'which claim is read must be plain to see', 7],
    ['size(claims) == 1', 'claims are read one by one', 5],
    ['claims.a.exists(x, claims.b.exists(y, x == y))', 'one loop is the most', 19],
    ['claims.a.exists(claims, claims == "x")', "'claims' is taken", 16],
    ['claims.a.map(x, x) == []', "'map' is not part of this language", 0],
    ['inCidr(source.address, claims.net)', 'the network must be a text', 23],
    ['inCidr(source.address, "10.0.0.0/33")', "'10.0.0.0/33' is no network", 23],
    ['cel.bind(x, 1, x == 1)', "'bind' is not part of this language", 0],
    [Array(101).fill('claims.a == 1').join(' || '), 'exceeded maxAstNodes', undefined],
    [`${'('.repeat(400)}true${')'.repeat(400)}`, 'exceeded maxDepth', undefined],
  ])('%s', (text, message, offset) => {
    const parsed = parseWhen(text);
    expect(isFault(parsed) && parsed.message.toLowerCase()).toContain(message.toLowerCase());
    if (offset !== undefined) expect(parsed).toMatchObject({ offset });
  });
});

test.each([
  ['10.1.2.3', '10.0.0.0/8', true],
  ['11.1.2.3', '10.0.0.0/8', false],
  ['::ffff:10.1.2.3', '10.0.0.0/8', true],
  ['2001:db8::1', '2001:db8::/32', true],
  ['2001:db9::1', '2001:db8::/32', false],
  ['10.1.2.3', '::/0', false],
  ['unknown', '0.0.0.0/0', false],
  ['10.1.2.3', '10.0.0.0', false],
])('%s in %s: %s', (address, range, inside) => expect(inRange(address, range)).toBe(inside));
