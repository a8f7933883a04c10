/**
 * Values of YAML documents as the model has them. What a schema cannot say about one value (a 30 February, an unknown
 * time zone, a key with a line break) is found here.
 */
import { parseIsoDuration } from '../clock/duration.ts';
import { isTimeZone } from '../clock/hours.ts';
import { parseRfc3339 } from '../clock/instant.ts';
import type * as model from '../model/documents.ts';
import type { Pattern } from '../model/resource.ts';
import { isFault, parseWhen } from '../policy/when-language.ts';
import type { Findings } from './findings.ts';
import type { DocumentOf } from './kinds.ts';
import type { Path, YamlDocument } from './load-yaml.ts';
import { isSigningKey } from './signing-key.ts';

export function pattern(raw: { literal?: string; prefix?: string }): Pattern {
  return raw.literal === undefined ? { prefix: raw.prefix! } : { literal: raw.literal };
}

export function person(
  raw: NonNullable<DocumentOf['Identity']['spec']['person']>,
  yaml: YamlDocument,
  findings: Findings,
): model.Person {
  const signingKeys = (raw.signingKeys ?? []).map(({ key, validFrom, validTo }, i) => {
    const at = ['spec', 'person', 'signingKeys', i];
    if (!isSigningKey(key)) {
      const fix = "write the key file's first two words, such as ssh-ed25519 AAAA…, without options or comment";
      findings.at(yaml, [...at, 'key'], 'schema/signing-key', 'this is not an OpenSSH public key on one line', fix);
    }
    const from = instantOf(validFrom, [...at, 'validFrom'], yaml, findings);
    const to = instantOf(validTo, [...at, 'validTo'], yaml, findings);
    if (from !== undefined && to !== undefined && from >= to) {
      findings.at(yaml, [...at, 'validTo'], 'schema/empty-window', 'the key is never valid', 'make validTo later');
    }
    return { key, validFrom: from, validTo: to };
  });
  return {
    oidc: raw.oidc ?? [],
    accounts: raw.accounts ?? [],
    signingKeys,
    emails: raw.emails ?? [],
    aliases: raw.aliases ?? [],
  };
}

export function hours(
  raw: NonNullable<NonNullable<DocumentOf['AccessPolicy']['spec']['limits']>['hours']>,
  yaml: YamlDocument,
  findings: Findings,
): model.Hours {
  const at = ['spec', 'limits', 'hours'];
  if (!isTimeZone(raw.tz)) {
    const fix = 'write an IANA name such as Europe/Berlin or UTC';
    findings.at(yaml, [...at, 'tz'], 'schema/time-zone', `'${raw.tz}' is not a known time zone`, fix);
  }
  const [from, to] = [minutes(raw.from), minutes(raw.to)];
  if (from >= to && from < 1440) {
    const fix = 'make it later; for a night write two policies, one up to 24:00 and one from 00:00';
    findings.at(yaml, [...at, 'to'], 'schema/empty-window', `'to' (${raw.to}) is not after 'from' (${raw.from})`, fix);
  }
  return { timeZone: raw.tz, days: raw.days, from, to };
}

export function when(text: string, yaml: YamlDocument, findings: Findings): model.When | undefined {
  const parsed = parseWhen(text);
  if (!isFault(parsed)) return parsed;
  findings.inText(yaml, ['spec', 'when'], parsed.offset, 'policy/when', parsed.message, parsed.fix);
  return undefined;
}

function minutes(text: string): number {
  const [hour, minute] = text.split(':');
  return Number(hour) * 60 + Number(minute);
}

/** ms; undefined when it is left out, or unusable. */
export function durationOf(
  text: string | undefined,
  path: Path,
  yaml: YamlDocument,
  findings: Findings,
): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseIsoDuration(text);
  if (ms !== undefined && ms > 0 && ms <= 3650 * 86_400_000) return ms;
  findings.at(yaml, path, 'schema/duration', `'${text}' is not a usable duration`, 'write it like PT2H or P1D');
  return undefined;
}

/** Epoch ms; undefined when it is left out, or unusable. */
export function instantOf(
  text: string | undefined,
  path: Path,
  yaml: YamlDocument,
  findings: Findings,
): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseRfc3339(text);
  if (ms !== undefined) return ms;
  findings.at(yaml, path, 'schema/instant', `'${text}' is not a date and time`, 'write it like 2026-11-24T09:00:00Z');
  return undefined;
}
