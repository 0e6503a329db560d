/** For tests only: DICOM written by hand. */

const joined = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

const u16 = (value: number): Uint8Array => new Uint8Array([value & 0xff, value >> 8]);

export const u32 = (value: number): Uint8Array =>
  new Uint8Array([value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24]);

const tag = (name: string): Uint8Array =>
  joined([u16(Number.parseInt(name.slice(0, 4), 16)), u16(Number.parseInt(name.slice(4), 16))]);

const text = (value: string): Uint8Array =>
  Uint8Array.from(value.length % 2 === 0 ? value : `${value} `, (c) => c.charCodeAt(0));

export function element(name: string, vr: string, value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === 'string' ? text(value) : value;
  return joined([tag(name), text(vr), u16(bytes.length), bytes]);
}

const ENDLESS = new Uint8Array([0xff, 0xff, 0xff, 0xff]);

export function item(elements: readonly Uint8Array[], endless = false): Uint8Array {
  const body = joined(elements);
  if (!endless) return joined([tag('fffee000'), u32(body.length), body]);
  return joined([tag('fffee000'), ENDLESS, body, tag('fffee00d'), u32(0)]);
}

export function sequence(name: string, items: readonly Uint8Array[], endless = false): Uint8Array {
  const head = joined([tag(name), text('SQ'), u16(0)]);
  const body = joined(items);
  if (!endless) return joined([head, u32(body.length), body]);
  return joined([head, ENDLESS, body, tag('fffee0dd'), u32(0)]);
}

/** A file with preamble and meta header around the elements. */
export function file(
  transferSyntax: string,
  elements: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const preamble = joined([new Uint8Array(128), text('DICM')]);
  return joined([preamble, element('00020010', 'UI', transferSyntax), ...elements]);
}
