/** Everything the file says, tag by tag. */
import { metaData } from '@cornerstonejs/core';
import dcmjs from 'dcmjs';
import { NO_SPACING } from '../figures/spacing.ts';

export interface TagRow {
  /** "(0010,0010)", or what the file calls an element no dictionary knows. */
  readonly tag: string;
  readonly keyword: string;
  readonly vr: string;
  readonly value: string;
  /** How deep in sequences it lies. */
  readonly depth: number;
}

const LONGEST = 400;
const { nameMap } = dcmjs.data.DicomMetaDictionary;

const isItem = (value: unknown): value is Record<string, unknown> =>
  value instanceof Object && !ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer);

function bytesOf(value: unknown): number | null {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  if (!Array.isArray(value) || value.length === 0) return null;
  const sizes = value.map(bytesOf);
  return sizes.every((size) => size !== null) ? sizes.reduce((sum, size) => sum + size, 0) : null;
}

function plain(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(plain).join('\\');
  if (!isItem(value)) return String(value);
  // Person names come as one object per writing.
  return Object.values(value).map(plain).filter(Boolean).join('=');
}

function tagOf(keyword: string): { tag: string; vr: string } {
  const known = nameMap[keyword];
  if (known !== undefined) return { tag: known.tag, vr: known.vr };
  const [, group, element] = /^x?([0-9a-f]{4})([0-9a-f]{4})$/i.exec(keyword) ?? [];
  return { tag: group === undefined ? '' : `(${group},${element})`.toUpperCase(), vr: '' };
}

const isSequence = (vr: string, value: unknown): value is Record<string, unknown>[] =>
  vr === 'SQ' && Array.isArray(value) && value.every(isItem);

function rowsOf(item: Readonly<Record<string, unknown>>, depth: number): TagRow[] {
  return Object.entries(item)
    .filter(([keyword, value]) => !keyword.startsWith('_') && typeof value !== 'function')
    .filter(([keyword]) => keyword !== 'PixelSpacing' || item[NO_SPACING] !== true)
    .map(([keyword, value]) => ({ keyword, value, ...tagOf(keyword) }))
    .sort((one, other) => one.tag.localeCompare(other.tag))
    .flatMap(({ keyword, value, tag, vr }) => {
      const head = { tag, keyword, vr, depth };
      if (!isSequence(vr, value)) return [{ ...head, value: written(value) }];
      const title = { ...head, value: `${value.length} item${value.length === 1 ? '' : 's'}` };
      return [title, ...value.flatMap((inner) => rowsOf(inner, depth + 1))];
    });
}

function written(value: unknown): string {
  const bytes = bytesOf(value);
  if (bytes !== null) return `${bytes.toLocaleString('en-GB')} bytes`;
  const text = plain(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

export function tagsOf(imageId: string): TagRow[] {
  return rowsOf(metaData.get('instance', imageId) ?? {}, 0);
}
