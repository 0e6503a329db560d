/** Where files come in: the Upload button, its pickers, and dropping anywhere. The rest is loaded when needed. */
import './door.css';
import { button, el, set } from '../dom.ts';
import type { Toasts } from '../toasts.ts';
import type { Transport } from '../transport.ts';
import type { Source } from './answers.ts';
import { dropped, picked } from './intake.ts';
import type { Picked } from './survey.ts';

type Uploads = import('./uploads.ts').Uploads;

export interface DoorDeps {
  readonly transport: Transport;
  readonly toasts: Toasts;
  readonly host: HTMLElement;
  /** True while the study list is on screen and nobody types or answers a dialog. */
  readonly idle: () => boolean;
  readonly reading: () => boolean;
  readonly goes: (studyId: string) => void;
  /** The archive holds more than before. */
  readonly stored: () => void;
}

/** What the part behind the door may use of it. */
export interface Inside extends DoorDeps {
  /** Opens the picker for files or for a folder. */
  readonly choose: (source: Source) => void;
}

const CHOICES: readonly (readonly [string, string, Source])[] = [
  ['Files…', 'DICOM, ZIP, ISO or TIFF', 'files'],
  ['Folder…', 'With everything in it', 'folder'],
  ['Disc or USB stick…', 'Its studies get a label to find them by', 'usb'],
];

/** Anything left of an earlier page? The same name as in ledger.ts, without loading it. */
const LEFT = 'pacs-proxy.uploads';

function leftovers(): boolean {
  try {
    return localStorage.getItem(LEFT) !== null;
  } catch {
    return false;
  }
}

export class Door {
  readonly opener: HTMLElement;
  private readonly veil: HTMLElement;
  private readonly fields = new Map<Source, HTMLInputElement>();
  private uploads: Promise<Uploads> | null = null;
  private depth = 0;

  constructor(private readonly deps: DoorDeps) {
    const menu = el('div', { class: 'upload-menu', id: 'upload-menu', popover: 'auto' });
    menu.append(
      ...CHOICES.map((choice) => this.choice(menu, choice)),
      el('p', { class: 'upload-hint' }, 'Or drop files, a folder or a disc anywhere on this page.'),
    );
    const open = el(
      'button',
      { type: 'button', class: 'primary upload-button', popovertarget: 'upload-menu' },
      'Upload',
    );
    this.opener = el('div', { class: 'upload-opener' }, open, menu);
    this.veil = el(
      'div',
      { class: 'upload-veil', hidden: true },
      el('p', {}, 'Drop to upload', el('span', {}, 'files, folders or a whole disc')),
    );
    deps.host.append(this.veil);
    this.listen();
    if (leftovers()) void this.loaded();
  }

  /** The page has turned. */
  turned(): void {
    void this.uploads?.then((uploads) => uploads.turned());
  }

  private choice(menu: HTMLElement, [label, hint, source]: (typeof CHOICES)[number]): HTMLElement {
    const field = el('input', {
      type: 'file',
      multiple: true,
      hidden: true,
      'data-source': source,
    });
    if (source !== 'files') set(field, 'webkitdirectory', true);
    this.fields.set(source, field);
    field.addEventListener('change', () => void this.take(picked(field), source));
    const node = button(label, 'upload-choice', () => {
      menu.hidePopover();
      field.click();
    });
    node.append(el('span', {}, hint));
    return el('div', {}, node, field);
  }

  private listen(): void {
    const files = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    window.addEventListener('dragenter', (event) => {
      if (files(event)) this.inside(1);
    });
    window.addEventListener('dragleave', (event) => {
      if (files(event)) this.inside(-1);
    });
    window.addEventListener('dragover', (event) => {
      if (files(event)) event.preventDefault();
    });
    window.addEventListener('drop', (event) => {
      this.inside(-this.depth);
      if (event.dataTransfer === null || !files(event)) return;
      event.preventDefault();
      const { picks, folder } = dropped(event.dataTransfer);
      void this.take(picks, folder ? 'folder' : 'files');
    });
  }

  private inside(by: number): void {
    this.depth = Math.max(0, this.depth + by);
    this.veil.hidden = this.depth === 0;
  }

  private async take(coming: Picked[] | Promise<Picked[]>, source: Source): Promise<void> {
    const uploads = await this.loaded();
    const picks = await coming;
    if (picks.length > 0) void uploads.add(picks, source);
    else this.deps.toasts.say('upload', 'warn', 'There is no file in what was chosen.');
  }

  private async loaded(): Promise<Uploads> {
    this.uploads ??= import('./uploads.ts').then(
      ({ Uploads }) =>
        new Uploads({ ...this.deps, choose: (source) => this.fields.get(source)?.click() }),
    );
    try {
      return await this.uploads;
    } catch (thrown) {
      this.uploads = null;
      const words =
        'The upload part of this page could not be loaded. Reload the page, then try again.';
      this.deps.toasts.say('upload', 'bad', words);
      throw thrown;
    }
  }
}
