/** DICOM values as people read them. Pure. */

/** Signs that turn the direction of what stands beside them, or end a line. */
const UNSEEN = /[\p{Cc}\p{Bidi_Control}]/gu;

const tidy = (value: string): string =>
  value.replaceAll('^', ' ').replace(/\s+/g, ' ').replace(UNSEEN, '').trim();

function western(group: string): string {
  const [family = '', ...rest] = group.split('^');
  const given = tidy(rest.slice(0, 2).join(' '));
  const name = tidy(family).toLocaleUpperCase('en');
  return given === '' ? name : `${name}, ${given}`;
}

export interface PersonName {
  /** "DOE, Jane": what a reader looks for. */
  readonly main: string;
  /** The ideographic and phonetic writing, when there is one. */
  readonly beside: string;
}

export function personName(value: string): PersonName {
  const [alphabetic = '', ...others] = value.split('=');
  const beside = others.map(tidy).filter((part) => part !== '');
  if (tidy(alphabetic) !== '') return { main: western(alphabetic), beside: beside[0] ?? '' };
  return { main: beside[0] ?? 'No name', beside: beside[1] ?? '' };
}

/** 20260131 -> 2026-01-31; anything else stays as it is. */
export function date(value: string): string {
  const parts = /^(\d{4})(\d{2})(\d{2})$/.exec(value.trim());
  return parts === null ? value : `${parts[1]}-${parts[2]}-${parts[3]}`;
}

/** 134501.12 -> 13:45 */
export function time(value: string): string {
  const parts = /^(\d{2})(\d{2})/.exec(value.trim());
  return parts === null ? '' : `${parts[1]}:${parts[2]}`;
}

/** 2026-01-31 of a date field -> 20260131 */
export const compactDate = (value: string): string => value.replaceAll('-', '');

/** 12345 -> 12,345. Not by the browser: its first number costs a tenth of a second before the first picture. */
export const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

export function seconds(ms: number): string {
  const whole = Math.max(0, Math.round(ms / 1_000));
  return whole < 120 ? `${whole} s` : `${Math.round(whole / 60)} min`;
}
