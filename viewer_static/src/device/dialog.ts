/** What is kept on this device, and whether anything is. */
import './dialog.css';
import { button, el, say } from '../dom.ts';
import { recognised } from '../errors.ts';
import { plural, time } from '../text.ts';
import type { Transport } from '../transport.ts';
import type { Device } from './device.ts';
import { canKeep, keyPath } from './open.ts';
import type { Holding, Vault } from './vault.ts';

const SHARED = 'Shared workstation: nothing is kept here.';
const OWN = 'Keep the images that I open on this device until I sign out, encrypted.';
const MIB = 1024 ** 2;

export class DeviceDialog {
  private readonly dialog = el('dialog', { class: 'device', 'aria-label': 'This device' });
  private readonly list = el('ul', { class: 'device-list' });
  private readonly state = el('p', { role: 'status' });
  private readonly wipe = button('Wipe all', 'danger', () => void this.wiped());
  private readonly shared = choice('shared');
  private readonly own = choice('own');

  constructor(
    private readonly device: Device,
    private readonly transport: Transport,
  ) {
    this.dialog.append(
      el('h2', {}, 'This device'),
      el('label', {}, this.shared, SHARED),
      el('label', {}, this.own, OWN),
      this.state,
      this.list,
      el(
        'div',
        { class: 'device-acts' },
        this.wipe,
        button('Close', 'primary', () => this.dialog.close()),
      ),
    );
    for (const one of [this.shared, this.own])
      one.addEventListener('change', () => void this.chosen());
    this.dialog.addEventListener('close', () => this.dialog.remove());
    this.dialog.addEventListener('keydown', (event) => event.stopPropagation());
  }

  async open(): Promise<void> {
    document.body.append(this.dialog);
    this.dialog.showModal();
    await this.offered();
    await this.show();
  }

  private async offered(): Promise<void> {
    try {
      if (!canKeep()) throw new Error('This needs HTTPS: browsers encrypt nothing without it.');
      await this.transport.json(keyPath, { signal: new AbortController().signal });
    } catch (thrown) {
      this.own.disabled = true;
      say(this.state, recognised(thrown).message);
    }
  }

  private async chosen(): Promise<void> {
    await this.device.want(this.own.checked);
    await this.show();
  }

  private async wiped(): Promise<void> {
    const { isWanted } = this.device;
    await this.device.forget();
    await this.device.want(isWanted);
    await this.show();
  }

  private async show(): Promise<void> {
    const { isWanted } = this.device;
    this.shared.checked = !isWanted;
    this.own.checked = isWanted;
    const vault = await this.transport.vault;
    const holdings = (await vault?.holdings()) ?? [];
    this.wipe.hidden = holdings.length === 0;
    if (!this.own.disabled) say(this.state, summary(isWanted, holdings));
    this.list.replaceChildren(...holdings.map((one) => this.row(one, vault)));
  }

  private row({ study, title, images, bytes, until }: Holding, vault: Vault | null): HTMLElement {
    const over = new Date(until).toTimeString();
    const facts = `${plural(images, 'image')}, ${megabytes(bytes)}, until ${time(over.replaceAll(':', ''))}`;
    const remove = button(
      'Remove',
      'quiet',
      () => void vault?.forget(study).then(() => this.show()),
    );
    return el('li', {}, el('strong', {}, title), el('span', { class: 'beside' }, facts), remove);
  }
}

const megabytes = (bytes: number): string => `${Math.max(1, Math.round(bytes / MIB))} MB`;

function summary(isWanted: boolean, holdings: readonly Holding[]): string {
  if (!isWanted) return '';
  const bytes = holdings.reduce((sum, one) => sum + one.bytes, 0);
  return holdings.length === 0
    ? 'Nothing is kept yet.'
    : `${plural(holdings.length, 'study', 'studies')}, ${megabytes(bytes)}. Nobody can read it once you have signed out.`;
}

const choice = (value: string): HTMLInputElement =>
  el('input', { type: 'radio', name: 'device', value });
