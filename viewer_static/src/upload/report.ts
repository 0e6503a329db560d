/** The report of an upload on paper: what was found, what is in the archive, what is not and why. */
import { el } from '../dom.ts';
import { recognised } from '../errors.ts';
import { date, personName, plural } from '../text.ts';
import type { Toasts } from '../toasts.ts';
import type { Transport } from '../transport.ts';
import { reportPath } from './answers.ts';
import type { Batch } from './batch.ts';
import { bytes, sums } from './words.ts';

interface ReportSeries {
  readonly modality: string;
  readonly description: string;
  readonly number: number | null;
  readonly received: number;
}

interface ReportStudy {
  readonly study_date: string;
  readonly description: string;
  readonly accession: string;
  readonly series: readonly ReportSeries[];
}

interface ReportPatient {
  readonly patient_name: string;
  readonly patient_id: string;
  readonly patient_birth_date: string;
  readonly studies: readonly ReportStudy[];
}

export interface Report {
  readonly label: string | null;
  readonly patients: readonly ReportPatient[];
  readonly rejects: readonly {
    readonly file: string;
    readonly member: string;
    readonly outcome: string;
    readonly reason: string | null;
  }[];
}

const cell = (text: string): HTMLElement => el('td', {}, text);

function table(head: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  return el(
    'table',
    {},
    el('thead', {}, el('tr', {}, ...head.map((text) => el('th', { scope: 'col' }, text)))),
    el('tbody', {}, ...rows.map((row) => el('tr', {}, ...row.map(cell)))),
  );
}

function patient(one: ReportPatient): HTMLElement {
  const born = one.patient_birth_date === '' ? '' : `, born ${date(one.patient_birth_date)}`;
  const head = `${personName(one.patient_name).main}, ${one.patient_id || 'no ID'}${born}`;
  return el('section', {}, el('h2', {}, head), ...one.studies.map(study));
}

function study(one: ReportStudy): HTMLElement {
  const accession = one.accession === '' ? '' : `accession ${one.accession}`;
  const facts = [date(one.study_date), one.description, accession].filter((text) => text !== '');
  const rows = one.series.map((series) => [
    series.number === null ? '' : String(series.number),
    series.modality,
    series.description,
    String(series.received),
  ]);
  const heading = el('h3', {}, facts.join(' · ') || 'Study');
  return el('div', {}, heading, table(['Series', 'Modality', 'Description', 'Images'], rows));
}

function rejects(report: Report, batch: Batch): HTMLElement | null {
  const server = report.rejects.map(({ file, member, outcome, reason }) => [
    member === '' ? file : `${file} › ${member}`,
    outcome,
    reason ?? '',
  ]);
  const here = batch.items
    .filter(({ state, id }) => state === 'skipped' && id === null)
    .map(({ path, why }) => [path, 'skipped, not sent', why]);
  const rows = [...server, ...here];
  if (rows.length === 0) return null;
  const head = el('h2', {}, `Not in the archive: ${plural(rows.length, 'file')}`);
  return el('section', {}, head, table(['File', 'What', 'Reason'], rows));
}

export function paper(report: Report, batch: Batch, now: Date): HTMLElement {
  const tally = batch.tally();
  const label = report.label === null ? '' : ` · ${report.label}`;
  const when = now.toISOString().slice(0, 16).replace('T', ' ');
  const facts = `${batch.title}${label} · ${plural(tally.files, 'file')}, ${bytes(tally.bytes)}`;
  return el(
    'section',
    { class: 'paper' },
    el('h1', {}, 'Upload report'),
    el('p', {}, facts),
    el('p', {}, `${sums(tally)}. Printed ${when} UTC.`),
    ...batch.notes.map(({ text }) => el('p', {}, text)),
    ...report.patients.map(patient),
    rejects(report, batch),
  );
}

export async function printReport(
  transport: Transport,
  batch: Batch,
  toasts: Toasts,
): Promise<void> {
  if (batch.id === null) return;
  const watch = { signal: new AbortController().signal };
  try {
    const path = `${reportPath(batch.id)}?format=json`;
    const report = (await transport.json(path, watch)) as Report;
    const sheet = paper(report, batch, new Date());
    document.body.append(sheet);
    window.addEventListener('afterprint', () => sheet.remove(), { once: true });
    window.print();
  } catch (thrown) {
    const error = recognised(thrown);
    toasts.say('upload', 'bad', `The report could not be made. ${error.title}. ${error.message}`);
  }
}
