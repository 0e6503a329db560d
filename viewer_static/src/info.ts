/** The picture on screen, told: how it came, what stands behind it, and every tag of its file. */
import { button, el, say } from './dom.ts';
import type { SliceFacts } from './facts.ts';
import type { Machine } from './machine.ts';
import type { Pane } from './pane.ts';
import type { Stage } from './stage.ts';
import { syntaxName } from './syntaxes.ts';
import type { TagRow } from './tools/tags.ts';

export class InfoDialog {
  readonly dialog = el('dialog', { class: 'help info', 'aria-label': 'Image information' });
  private readonly facts = el('dl', { class: 'info-facts' });
  private readonly search = el('input', {
    type: 'search',
    placeholder: 'Search tags and values',
    'aria-label': 'Search tags',
  });
  private readonly rows = el('tbody');
  private readonly count = el('p', { class: 'info-count', role: 'status' });
  private tags: readonly TagRow[] = [];

  constructor(private readonly stage: Stage) {
    this.dialog.append(
      el(
        'div',
        { class: 'panel-head' },
        el('h2', { class: 'help-title' }, 'Image information'),
        button('Close', 'primary', () => this.dialog.close()),
      ),
      this.facts,
      this.search,
      this.count,
      el('div', { class: 'info-tags' }, el('table', {}, this.rows)),
    );
    this.search.addEventListener('input', () => this.list());
  }

  open(): void {
    const { active, machine, tools } = this.stage;
    const { shown } = active;
    if (shown === null || machine === null || tools === null) return;
    this.tags = tools.tags.tagsOf(shown.slice.imageId);
    this.facts.replaceChildren(
      ...factRows(active, shown.facts, stored(machine, shown.slice.imageId)).flatMap(
        ([name, value]) => [el('dt', {}, name), el('dd', {}, value)],
      ),
    );
    this.list();
    this.dialog.showModal();
    this.search.focus();
  }

  private list(): void {
    const wanted = this.search.value.trim().toLowerCase();
    const found = this.tags.filter(({ tag, keyword, value }) =>
      `${tag} ${keyword} ${value}`.toLowerCase().includes(wanted),
    );
    this.rows.replaceChildren(...found.map(row));
    say(this.count, wanted === '' ? '' : `${found.length} of ${this.tags.length}`);
  }
}

function row({ tag, keyword, vr, value, depth }: TagRow): HTMLElement {
  const name = el('td', {}, keyword);
  name.style.setProperty('--depth', String(depth));
  return el('tr', {}, el('td', {}, tag), name, el('td', {}, vr), el('td', {}, value));
}

function proof(integrity: 'md5' | 'length' | null, md5: string | null): string {
  if (integrity === 'md5') return `verified: MD5 ${md5}`;
  return integrity === 'length' ? 'by length only: the archive keeps no digest' : 'not known';
}

function size({ spacing }: SliceFacts): string {
  if (spacing.unit !== 'mm') return 'unknown: lengths are in pixels';
  const words = `${Number(spacing.across.toFixed(4))} × ${Number(spacing.down.toFixed(4))} mm`;
  return spacing.note === '' ? words : `${words} (${spacing.note})`;
}

/** Of the file as it came; what was converted on the way has another than the archive's. */
function stored({ planes }: Machine, imageId: string): string {
  return String(planes.rawOf(imageId).TransferSyntaxUID ?? '');
}

function factRows(pane: Pane, facts: SliceFacts, came: string): (readonly [string, string])[] {
  const model = pane.session?.model;
  const slice = pane.shown?.slice;
  if (model === undefined || slice === undefined) return [];
  const { id, md5, size: bytes, frames } = slice.instance;
  const converted = model.converted(id);
  const { counts } = model;
  return [
    ['Stored as', syntaxName(converted === null ? came : null)],
    ['Sent as', converted === null ? 'stored, unchanged' : `converted: ${converted}`],
    ['Integrity', proof(model.integrity(id), md5)],
    ['File', `${bytes.toLocaleString('en-GB')} bytes${frames > 1 ? `, ${frames} frames` : ''}`],
    ['Pixels', `${facts.columns} × ${facts.rows}${facts.isColour ? ', colour' : ''}`],
    ['Pixel size', size(facts)],
    ['Values', facts.unit === '' ? 'no unit' : facts.unit],
    [
      'Series',
      `${counts.instances} files, ${counts.received} received, ${counts.verified} verified, ${counts.failed} failed`,
    ],
  ];
}
