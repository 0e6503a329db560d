/** Lies over the canvas whenever the picture below is not proven to be the one asked for. */
import { button, el, say, set } from './dom.ts';
import type { Category, ViewerError } from './errors.ts';

/** The bytes are right but this browser cannot draw them: the server may. */
const RENDERABLE = new Set<Category>(['decode', 'overrun', 'not-dicom', 'memory', 'draw']);

export interface CoverActions {
  retry(): void;
  rendered(): void;
  /** Only who may is offered it (styles: body[data-direct]). */
  direct(): void;
}

export type CoverState = 'off' | 'message' | 'loading' | 'waiting' | 'failed' | 'rendered';

export class Cover {
  readonly node: HTMLElement;
  state: CoverState = 'loading';
  private readonly title = el('h2');
  private readonly cause = el('p', { class: 'cover-cause' });
  private readonly detail = el('p', { class: 'cover-detail' });
  private readonly actions = el('div', { class: 'cover-actions' });
  private readonly retry: HTMLButtonElement;
  private readonly show: HTMLButtonElement;
  private readonly picture = el('img', {
    class: 'cover-picture',
    alt: 'Rendered picture, not diagnostic',
  });
  private readonly banner = el('p', { class: 'cover-banner' });
  private address: string | null = null;
  /** What is being waited for: a preview of it stays while the reason changes. */
  private which = '';

  constructor(actions: CoverActions) {
    this.retry = button('Retry', 'primary', () => actions.retry());
    this.show = button('Show rendered picture (not diagnostic)', 'quiet', () => actions.rendered());
    const direct = button('Address at the archive (nothing verified)', 'quiet direct', () =>
      actions.direct(),
    );
    this.actions.append(this.retry, this.show, direct);
    const card = el(
      'div',
      { class: 'cover-card' },
      this.title,
      this.cause,
      this.detail,
      this.actions,
    );
    this.node = el('div', { class: 'cover' }, card, this.picture, this.banner);
    this.become('loading');
  }

  off(): void {
    this.become('off');
  }

  loading(which: string): void {
    this.await('loading', which);
    say(this.title, which);
    say(this.cause, 'Loading');
    say(this.detail, '');
  }

  /** How much of it is here, from 0 to 1. */
  progress(share: number): void {
    if (this.state === 'loading') say(this.cause, `Loading ${Math.floor(share * 100)} %`);
  }

  /** Nothing moves: says why. */
  waiting(which: string, reason: string): void {
    this.await('waiting', which);
    say(this.title, which);
    say(this.cause, reason);
    say(this.detail, '');
  }

  failed(which: string, error: ViewerError): void {
    this.become('failed');
    say(this.title, `${which}: ${error.title.toLowerCase()}`);
    say(this.cause, error.sentence);
    const facts = [
      error.message === error.sentence ? '' : error.message,
      error.status === null ? '' : `HTTP ${error.status}`,
      error.requestId === null ? '' : `Request ${error.requestId}`,
    ];
    say(this.detail, facts.filter((fact) => fact !== '').join(' · '));
    this.retry.className = error.retryable ? 'primary' : 'quiet';
    this.show.hidden = !RENDERABLE.has(error.category);
  }

  /** The way past us, which the journal knows of. */
  direct(url: string): void {
    const link = el('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, url);
    this.detail.replaceChildren('Nothing that comes from there is verified: ', link);
  }

  /** A plain message in place of a picture. */
  message(title: string, sentence: string): void {
    this.become('message');
    say(this.title, title);
    say(this.cause, sentence);
    say(this.detail, '');
  }

  async rendered(blob: Blob): Promise<void> {
    this.become('rendered');
    say(this.banner, 'Rendered picture: not diagnostic');
    await this.painted(blob);
  }

  /** Lower quality, while the picture itself is still waited for. */
  async preview(blob: Blob): Promise<void> {
    if (!this.isAwaiting) return;
    say(this.banner, 'Preview: not diagnostic');
    await this.painted(blob);
    if (this.address !== null && this.isAwaiting) set(this.node, 'data-preview', '');
  }

  get isAwaiting(): boolean {
    return this.state === 'loading' || this.state === 'waiting';
  }

  private async painted(blob: Blob): Promise<void> {
    this.unpainted();
    this.address = URL.createObjectURL(blob);
    this.picture.src = this.address;
    await this.picture.decode();
  }

  private await(state: 'loading' | 'waiting', which: string): void {
    this.become(state, this.isAwaiting && which === this.which);
    this.which = which;
  }

  private become(state: CoverState, isSame = false): void {
    this.state = state;
    this.node.dataset.state = state;
    // Reasons are read out; the number of each slice scrolled past is not.
    set(this.node, 'role', state === 'waiting' || state === 'failed' ? 'status' : null);
    this.node.hidden = state === 'off';
    this.actions.hidden = state !== 'failed';
    if (!isSame) this.unpainted();
  }

  private unpainted(): void {
    if (this.address === null) return;
    set(this.node, 'data-preview', null);
    URL.revokeObjectURL(this.address);
    this.picture.removeAttribute('src');
    this.address = null;
  }
}
