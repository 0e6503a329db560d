/** A structured report as a tree that can be read; every word of it enters the page as text. */
import { el } from '../dom.ts';
import { date, personName, time } from '../text.ts';
import type { Report, ReportItem, Structures } from './contents.ts';

/** What a value is called where the report does not name it. */
const UNNAMED: Readonly<Record<string, string>> = {
  IMAGE: 'Image',
  COMPOSITE: 'Object',
  WAVEFORM: 'Waveform',
  SCOORD: 'Region',
  SCOORD3D: 'Region',
  TCOORD: 'Moments',
  CONTAINER: '',
};

function written({ type, value, unit }: ReportItem): string {
  if (type === 'PNAME') return personName(value).main;
  if (type === 'DATE') return date(value);
  if (type === 'TIME') return time(value);
  if (type === 'DATETIME') return `${date(value.slice(0, 8))} ${time(value.slice(8))}`.trim();
  return unit === '' ? value : `${value} ${unit}`;
}

function line(item: ReportItem): HTMLElement {
  const name = item.name || (UNNAMED[item.type] ?? '');
  const node = el('div', { class: 'report-line', 'data-type': item.type });
  if (name !== '') node.append(el('span', { class: 'report-name' }, name));
  const value = written(item);
  if (value !== '') node.append(el('span', { class: 'report-value' }, value));
  return node;
}

function branch(item: ReportItem): HTMLElement {
  const { items, relation, type } = item;
  if (items.length === 0) return el('li', { 'data-relation': relation }, line(item));
  const inner = el('ul', {}, ...items.map(branch));
  if (type !== 'CONTAINER') return el('li', { 'data-relation': relation }, line(item), inner);
  const folded = el('details', { open: true }, el('summary', {}, line(item)), inner);
  return el('li', { 'data-relation': relation }, folded);
}

function standing(report: Report): string {
  const verifiers = report.verifiers.map((name) => personName(name).main).join('; ');
  const verified = report.verification === 'VERIFIED';
  const words = [
    `${date(report.date)} ${time(report.time)}`.trim(),
    report.completion.toLowerCase(),
    verified ? `verified${verifiers === '' ? '' : ` by ${verifiers}`}` : 'not verified',
  ];
  return words.filter((word) => word !== '').join(' · ');
}

const measures = ({ type, items }: ReportItem): boolean => type === 'NUM' || items.some(measures);

/** Why what it measured is told in words only. */
function placeless({ items }: Report, structures: Structures | undefined): HTMLElement | null {
  const isDrawn = (structures?.regions.length ?? 0) > 0;
  if (isDrawn || !items.some(measures)) return null;
  const why =
    structures?.too_large === true
      ? 'It has drawn more than can be shown on images here; its measurements are told as text.'
      : 'Its measurements name no place on an image, so none can be drawn; they are told as text.';
  return el('p', { class: 'papers-note' }, why);
}

export function reportNode(report: Report, structures?: Structures): HTMLElement {
  const cut = report.cut
    ? el('p', { class: 'papers-warning' }, 'This report is longer than is shown here: download it.')
    : null;
  return el(
    'article',
    { class: 'report' },
    el('h3', {}, report.title || 'Report'),
    el('p', { class: 'report-standing' }, standing(report)),
    cut,
    placeless(report, structures),
    el('ul', { class: 'report-tree' }, ...report.items.map(branch)),
  );
}
