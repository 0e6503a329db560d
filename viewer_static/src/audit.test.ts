import { expect, test } from 'vitest';
import { query, told, verdict } from './audit.ts';
import { stateOf } from './tokens.ts';

test('only what was filled in is asked, and moments are UTC', () => {
  const since = '2026-11-26T10:00';
  const asked = query({ patient: ' P1 ', user: '', action: 'study.read', since });
  expect([...asked.keys()]).toEqual(['patient', 'action', 'since']);
  expect(asked.get('patient')).toBe('P1');
  expect(asked.get('since')).toBe(new Date(since).toISOString());
});

test('details are told in a line, whatever is in them', () => {
  expect(told({})).toBe('');
  expect(told({ terms: { patient_id: 'P1' }, shown: 3, scopes: ['a', 'b'] })).toBe(
    'terms: patient_id P1; shown: 3; scopes: a, b',
  );
});

test('the state of the chain names the record', () => {
  const whole = { whole: true, sound: 12345, broken: null, reason: '' };
  expect(verdict(whole)).toBe('Unbroken: all 12,345 records follow from each other.');
  const broken = { whole: false, sound: 6, broken: 7, reason: 'Record 7 is missing.' };
  expect(verdict(broken)).toBe('Broken at record 7. Record 7 is missing.');
});

test('a token is active until it expires or is revoked', () => {
  const expires = '2026-11-26T10:00:00.000Z';
  const now = Date.parse(expires);
  expect(stateOf({ expires, revoked: false }, now - 1)).toBe('Active');
  expect(stateOf({ expires, revoked: false }, now)).toBe('Expired');
  expect(stateOf({ expires, revoked: true }, now - 1)).toBe('Revoked');
});
