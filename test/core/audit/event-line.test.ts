import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { chainLine, noLine } from '../../../core/audit/chain.ts';
import type { AuditEvent } from '../../../core/audit/event.ts';
import { eventFields, originFields } from '../../../core/audit/event-fields.ts';
import { eventText } from '../../../core/audit/event-line.ts';
import { sampleEvents } from './sample-events.ts';

const stamp = { seq: 5, now: Date.UTC(2026, 0, 5, 9), mono: 1234.56789, gw: 'gw1' };
const line = (event: AuditEvent): string => chainLine(eventText(event, stamp), noLine);
const schema = JSON.parse(
  readFileSync(new URL('../../../schemas/v1/audit-event.schema.json', import.meta.url), 'utf8'),
);
const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false });
addFormats.default(ajv);
const validate = ajv.compile(schema);

describe('the schema and the writer agree', () => {
  test.each(Object.values(sampleEvents))('on $kind', (event) => {
    const written: unknown = JSON.parse(line(event));
    expect(validate(written), JSON.stringify(validate.errors)).toBe(true);
    expect(Object.keys(written as object).at(-1)).toBe('prev');
    for (const field of Object.keys(event)) expect(written).toHaveProperty(field);
  });

  test.each(Object.keys(eventFields))('on the fields of %s', (kind) => {
    const fields = eventFields[kind as keyof typeof eventFields];
    const { properties } = schema.$defs[kind];
    expect(Object.keys(properties).sort()).toEqual(['kind', ...Object.keys(fields)].sort());
    expect(Object.keys(schema.$defs.envelope.properties)).toEqual(expect.arrayContaining(Object.keys(originFields)));
  });

  test('that a field too many is an error', () => {
    const written = { ...JSON.parse(line(sampleEvents.stop)), password: 'x' };
    expect(validate(written)).toBe(false);
  });
});

describe('nothing but the listed fields is written', () => {
  test('not a field that the object has besides', () => {
    const event = { ...sampleEvents.auth, password: 'canary-1', token: 'canary-2' } as AuditEvent;
    expect(line(event)).not.toContain('canary');
  });

  test('not in a topic entry', () => {
    const topics = [
      { topic: 't', partition: 0, value: 'canary', masks: [{ rule: 'r', action: 'redact', count: 1, was: 'canary' }] },
    ];
    expect(line({ kind: 'fetch_done', topics, bytes: 0 } as unknown as AuditEvent)).not.toContain('canary');
  });

  test('not an object in the place of a text', () => {
    const event = { ...sampleEvents.error, code: { message: 'canary' } } as unknown as AuditEvent;
    expect(line(event)).not.toContain('canary');
  });
});

test('a line holds no newline, whatever the texts are', () => {
  const written = line({ ...sampleEvents.deny, name: 'a\n"prev":"\u2028\r', principal: 'b\nc' });
  expect(written).not.toMatch(/[\n\r\u2028]/);
  expect(JSON.parse(written).name).toBe('a\ufffd"prev":"\ufffd\ufffd');
});

test('fields that are not known are left out', () => {
  expect(eventText({ kind: 'stop', reason: 'signal', principal: undefined }, stamp)).toBe(
    '{"v":1,"seq":5,"ts":"2026-01-05T09:00:00.000Z","mono":1234.568,"gw":"gw1","kind":"stop","reason":"signal"',
  );
});
