/** One row: a folder with its sums, a file with its state, or what is wrong inside an archive. */
import { button, el, say, set } from '../dom.ts';
import { grouped, plural } from '../text.ts';
import type { RowView } from './file-list.ts';
import type { Item } from './item.ts';
import { remedy } from './remedy.ts';
import type { FolderSums, Row } from './rows.ts';
import { stateOf } from './words.ts';

export interface RowActions {
  toggle(folder: string): void;
  open(study: string): void;
  cancel(item: Item): void;
  retry(item: Item): void;
  choose(): void;
  /** Null where there is nothing to compare. */
  conflict(row: Row): (() => void) | null;
}

interface Action {
  readonly label: string;
  readonly run: () => void;
}

function folderWords(sums: FolderSums): string {
  const parts = [`${grouped(sums.settled)} of ${plural(sums.files, 'file')}`];
  if (sums.active > 0) parts.push(`${sums.active} under way`);
  if (sums.skipped > 0) parts.push(`${grouped(sums.skipped)} skipped`);
  if (sums.troubled > 0) parts.push(plural(sums.troubled, 'problem'));
  return parts.join(', ');
}

const OUTCOMES: Readonly<Record<string, string>> = {
  conflict: 'conflict: the archive has another version',
  refused: 'refused',
};

export class FileRow implements RowView {
  readonly node: HTMLElement;
  private readonly name: HTMLButtonElement;
  private readonly path = el('span', { class: 'file-path' });
  private readonly state = el('span', { class: 'file-state' });
  private readonly act: HTMLButtonElement;
  private row: Row | null = null;
  private action: Action | null = null;

  constructor(private readonly actions: RowActions) {
    this.name = button('', 'file-name', () => {
      if (this.row?.kind === 'folder') this.actions.toggle(this.row.folder);
    });
    this.name.append(this.path);
    this.act = button('', 'file-act', () => this.action?.run());
    this.node = el('div', { class: 'file-row', role: 'listitem' }, this.name, this.state, this.act);
  }

  show(row: Row, now: number): void {
    this.row = row;
    if (row.kind === 'folder') this.folder(row);
    else if (row.kind === 'item') this.item(row.item, now);
    else this.member(row);
    this.action = this.actionOf(row);
    say(this.act, this.action?.label ?? '');
    this.act.hidden = this.action === null;
  }

  private folder(row: Extract<Row, { kind: 'folder' }>): void {
    const { folder, open, troubled } = row;
    this.named(folder || 'Files', folder);
    set(this.name, 'aria-expanded', open ? 'true' : 'false');
    this.node.dataset.kind = 'folder';
    this.node.dataset.state = troubled > 0 ? 'troubled' : '';
    say(this.state, folderWords(row));
  }

  private item(item: Item, now: number): void {
    this.named(item.name, item.path);
    set(this.name, 'aria-expanded', null);
    this.node.dataset.kind = 'item';
    this.node.dataset.state = item.state;
    this.stated(stateOf(item, now));
  }

  private member({ result, item }: Extract<Row, { kind: 'member' }>): void {
    const path = `${item?.name ?? ''} › ${result.member}`;
    this.named(path, path);
    set(this.name, 'aria-expanded', null);
    this.node.dataset.kind = 'item';
    this.node.dataset.state = result.outcome;
    const replacing = result.code === 'replacing';
    const words = replacing ? 'being replaced' : (OUTCOMES[result.outcome] ?? result.outcome);
    const reason = result.outcome === 'refused' ? `: ${result.detail ?? ''}` : '';
    this.stated(words + reason);
  }

  private named(text: string, title: string): void {
    say(this.path, text);
    if (this.name.title !== title) this.name.title = title;
  }

  private stated(text: string): void {
    say(this.state, text);
    if (this.state.title !== text) this.state.title = text;
  }

  private actionOf(row: Row): Action | null {
    const compare = this.actions.conflict(row);
    if (compare !== null) return { label: 'Compare', run: compare };
    if (row.kind !== 'item') return null;
    const { item } = row;
    if (item.study !== null && item.settled) {
      const { study } = item;
      return { label: 'Open', run: () => this.actions.open(study) };
    }
    return this.changing(item);
  }

  private changing(item: Item): Action | null {
    if (item.stoppable && item.state !== 'parted')
      return { label: 'Cancel', run: () => this.actions.cancel(item) };
    const found = remedy(item);
    if (found === 'retry') return { label: 'Retry', run: () => this.actions.retry(item) };
    return found === 'choose' ? { label: 'Choose again', run: () => this.actions.choose() } : null;
  }
}
