/** A series of objects that are no pictures: each shown as what it is, or named, with its download. */
import { downloadPath, type Instance, type SeriesDetail, type Skipped } from '../api.ts';
import type { Cover } from '../cover.ts';
import { button, el, say } from '../dom.ts';
import { recognised, type ViewerError } from '../errors.ts';
import type { Link } from '../link.ts';
import type { Overlay } from '../overlay.ts';
import type { Watch } from '../persist.ts';
import { type Counts, sifted } from '../series.ts';
import { date, grouped } from '../text.ts';
import type { Transport } from '../transport.ts';
import { askContents, askPayload, type Contents, titleOf } from './contents.ts';
import { referring } from './references.ts';
import type { StudyMap } from './study-map.ts';
import './formats.css';

export interface PapersDesk {
  readonly transport: Transport;
  readonly link: Link;
  readonly cover: Cover;
  readonly overlay: Overlay;
  readonly map: StudyMap;
  /** The pictures of the series all the same. */
  readonly pictures: () => void;
}

/** Beyond this a browser's memory is not put at risk unasked. */
const LARGEST_UNASKED = 200 * 1024 ** 2;

/** Fires `change` when what is shown, or what is known of it, is another. */
export class Papers extends EventTarget {
  readonly node = el('section', { class: 'papers', 'aria-label': 'Document' });
  readonly skipped: readonly Skipped[];
  /** What is on the page: `loading`, `failed`, or the kind of the object. */
  state = 'loading';
  private readonly instances: readonly Instance[];
  private readonly head = el('header', { class: 'papers-head' });
  /** Of one object: what comes late for another one finds its own, which is on the page no more. */
  private body = el('div', { class: 'papers-body', tabindex: '0' });
  private readonly leaving = new AbortController();
  private readonly proven = new Set<string>();
  private readonly failed = new Set<string>();
  private addresses: string[] = [];
  private at = 0;
  private turn = 0;

  constructor(
    detail: SeriesDetail,
    private readonly desk: PapersDesk,
  ) {
    super();
    const { good, skipped } = sifted(detail);
    this.instances = good;
    this.skipped = skipped;
    this.node.append(this.head, this.body);
    // Scrolling and choosing words here is no stepping and no windowing.
    for (const name of ['wheel', 'pointerdown', 'contextmenu', 'touchstart'])
      this.node.addEventListener(name, (event) => event.stopPropagation(), { passive: true });
  }

  /** The first one; false when it turns out to be a picture. */
  start = (): Promise<boolean> => this.show(0);

  get counts(): Counts {
    const received = this.proven.size;
    return {
      instances: this.instances.length,
      received,
      verified: received,
      lengthOnly: 0,
      failed: this.failed.size,
    };
  }

  get wanted(): Instance | null {
    return this.instances[this.at] ?? null;
  }

  step(by: number): void {
    const next = Math.min(this.instances.length - 1, Math.max(0, this.at + by));
    if (next !== this.at) void this.show(next);
  }

  retry(): void {
    void this.show(this.at);
  }

  close(): void {
    this.leaving.abort();
    this.forget();
    this.node.remove();
  }

  private async show(index: number): Promise<boolean> {
    this.turn += 1;
    const { turn } = this;
    this.at = index;
    const instance = this.instances[index];
    if (instance === undefined) return false;
    this.state = 'loading';
    this.forget();
    this.desk.cover.loading('Object');
    try {
      const contents = await askContents(this.desk.transport, instance, this.watch);
      if (turn !== this.turn || this.leaving.signal.aborted) return true;
      if (contents.kind === 'image') return false;
      this.proven.add(instance.id);
      this.failed.delete(instance.id);
      this.put(instance, contents);
      await this.filled(instance, contents);
    } catch (thrown) {
      if (turn === this.turn && !this.leaving.signal.aborted)
        this.broken(instance, recognised(thrown));
    }
    this.dispatchEvent(new Event('change'));
    return true;
  }

  /** Named, whatever else comes of it. */
  private put(instance: Instance, contents: Contents): void {
    const { kind, class_name } = contents;
    this.state = kind;
    this.head.replaceChildren(
      el('div', {}, el('h2', {}, titleOf(kind)), el('p', { class: 'papers-class' }, class_name)),
      this.buttons(instance),
    );
    const facts = contents.facts.flatMap(([name, value]) => [
      el('dt', {}, name),
      el('dd', {}, date(value)),
    ]);
    this.body.append(
      el('dl', { class: 'papers-facts' }, ...facts),
      ...referring(contents, this.desk.map),
    );
    this.desk.cover.off();
    this.desk.overlay.hide();
  }

  private buttons(instance: Instance): HTMLElement {
    const node = el('div', { class: 'papers-buttons' });
    const count = this.instances.length;
    if (count > 1) {
      const place = el('span', { class: 'papers-place' }, `${this.at + 1} of ${count}`);
      node.append(
        button('Previous', 'quiet', () => this.step(-1)),
        place,
        button('Next', 'quiet', () => this.step(1)),
      );
    }
    const size = `Download (${grouped(Math.ceil(instance.size / 1024))} KB)`;
    node.append(
      el('a', { class: 'papers-download', href: downloadPath(instance.id), download: true }, size),
    );
    return node;
  }

  private async filled(instance: Instance, contents: Contents): Promise<void> {
    const { report, document, video, structures } = contents;
    const { body } = this;
    if (report !== undefined) {
      if ((structures?.regions.length ?? 0) > 0) await this.layer(contents);
      const { reportNode } = await import('./report.ts');
      body.append(reportNode(report, structures));
    } else if (document?.is_pdf === true) await this.pdf(instance, document.size);
    else if (video !== undefined) await this.video(instance, video.size);
    else if (!(await this.drawn(contents)))
      this.note('This viewer does not draw such objects. The stored file can be downloaded.');
  }

  private async drawn(contents: Contents): Promise<boolean> {
    const { segmentation, structures, waves } = contents;
    const { body } = this;
    if (segmentation !== undefined || structures !== undefined) {
      await this.layer(contents);
      return true;
    }
    if (waves === undefined || waves.recordings.length === 0) return false;
    const { wavesNode } = await import('./waves.ts');
    body.append(wavesNode(waves));
    return true;
  }

  private async layer(contents: Contents): Promise<void> {
    const { body } = this;
    const { layerNode } = await import('./layer-card.ts');
    body.append(layerNode(contents, this.desk.map, this.desk.pictures));
  }

  private async pdf(instance: Instance, size: number): Promise<void> {
    // A viewer of its own is a matter of the browser: many phones have none.
    if (!navigator.pdfViewerEnabled) {
      this.note('This browser shows no PDF by itself. The document can be downloaded.');
      await this.saved(instance, 'application/pdf', 'document.pdf');
      return;
    }
    if (size > LARGEST_UNASKED) return this.note('This document is very large: download it.');
    const address = await this.address(instance, 'application/pdf');
    if (address === null) return;
    this.node.dataset.fills = 'true';
    this.body.append(el('iframe', { class: 'papers-pdf', src: address, title: 'PDF document' }));
  }

  private async video(instance: Instance, size: string): Promise<void> {
    if (instance.size > LARGEST_UNASKED) return this.note('This video is very large: download it.');
    const address = await this.address(instance, 'video/mp4');
    if (address === null) return;
    const player = el('video', { class: 'papers-video', controls: true, preload: 'auto' });
    player.setAttribute('aria-label', `Video, ${size}`);
    const { turn } = this;
    const failed = () => {
      if (turn !== this.turn) return;
      player.remove();
      this.state = 'video-unplayable';
      this.note(
        'This browser cannot play the coding of this video. Nothing of it is shown; it can be downloaded.',
      );
      this.dispatchEvent(new Event('change'));
    };
    player.addEventListener('error', failed);
    this.node.dataset.fills = 'true';
    this.body.append(player);
    player.src = address;
  }

  private async saved(instance: Instance, type: string, name: string): Promise<void> {
    const address = await this.address(instance, type);
    if (address !== null)
      this.body.append(el('a', { href: address, download: name }, 'Save the document'));
  }

  /** Of proven bytes; null when somebody went on meanwhile. */
  private async address(instance: Instance, type: string): Promise<string | null> {
    const { turn } = this;
    const waiting = el('p', { class: 'papers-note' }, 'Loading…');
    this.body.append(waiting);
    const bytes = await askPayload(this.desk.transport, instance, this.watch).finally(() =>
      waiting.remove(),
    );
    if (turn !== this.turn || this.leaving.signal.aborted) return null;
    const address = URL.createObjectURL(new Blob([bytes], { type }));
    this.addresses.push(address);
    return address;
  }

  private note(words: string): void {
    this.body.append(el('p', { class: 'papers-note' }, words));
  }

  private broken(instance: Instance, error: ViewerError): void {
    this.failed.add(instance.id);
    this.state = 'failed';
    const again = button('Retry', 'primary', () => this.retry());
    if (this.head.childElementCount === 0)
      this.head.append(el('div', {}, el('h2', {}, titleOf(''))), this.buttons(instance));
    const what = el('p', { class: 'papers-warning' });
    say(what, `${error.title}: ${error.message}`);
    this.body.append(what, again);
    this.desk.cover.off();
  }

  private forget(): void {
    for (const address of this.addresses) URL.revokeObjectURL(address);
    this.addresses = [];
    this.head.replaceChildren();
    const body = this.body.cloneNode() as HTMLDivElement;
    this.body.replaceWith(body);
    this.body = body;
    delete this.node.dataset.fills;
  }

  /** Only while nothing is there: what comes after that says so in its place. */
  private get watch(): Watch {
    const { link, cover } = this.desk;
    const { turn } = this;
    return {
      signal: this.leaving.signal,
      waiting: (waiting) => {
        if (turn !== this.turn || this.state !== 'loading' || this.leaving.signal.aborted) return;
        if (waiting === null) cover.loading('Object');
        else cover.waiting('Object', link.sentence());
      },
    };
  }
}
