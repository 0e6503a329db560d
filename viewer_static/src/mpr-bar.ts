/** What lies above the three planes: the slab, how complete the volume is, what failed, the way back. */
import { button, el, say, set } from './dom.ts';
import { keepLimit, LIMITS, limitOf } from './volume-limit.ts';
import type { Mode } from './volume-voxels.ts';

const MODES: readonly (readonly [Mode, string])[] = [
  ['thin', 'Thin'],
  ['max', 'MIP'],
  ['min', 'MinIP'],
  ['mean', 'Mean'],
];
/** What a slab begins with. */
export const USUAL_MM = 10;

export interface BarActions {
  slab(mode: Mode, thickness: number): void;
  retry(): void;
  limit(): void;
  back(): void;
}

export class MprBar {
  readonly node: HTMLElement;
  private readonly mode = el('select', { class: 'presets', 'aria-label': 'Projection' });
  private readonly thickness = el('input', {
    type: 'range',
    min: '1',
    max: '100',
    step: '1',
    value: String(USUAL_MM),
    'aria-label': 'Slab thickness in mm',
  });
  private readonly millimetres = el('span', { class: 'mpr-mm' });
  private readonly state = el('span', { class: 'mpr-state', role: 'status' });
  private readonly failed = el('span', { class: 'mpr-failed' });
  private readonly again: HTMLButtonElement;

  constructor(actions: BarActions) {
    for (const [value, label] of MODES) this.mode.append(el('option', { value }, label));
    const told = () => {
      this.slab();
      actions.slab(this.mode.value as Mode, Number(this.thickness.value));
    };
    this.mode.addEventListener('change', () => {
      told();
      this.mode.blur();
    });
    this.thickness.addEventListener('input', told);
    this.thickness.addEventListener('pointerup', () => this.thickness.blur());
    this.again = button('Retry', 'quiet', () => actions.retry());
    const back = button('Slices', 'quiet', () => actions.back());
    back.title = 'Back to the slices (Esc)';
    this.node = el(
      'div',
      { class: 'mpr-bar' },
      this.mode,
      this.thickness,
      this.millimetres,
      this.state,
      this.failed,
      this.again,
      el('span', { class: 'mpr-space' }),
      limitChoice(actions),
      back,
    );
    this.slab();
    this.says('', '');
  }

  /** A slab thicker than the volume would be the volume. */
  reach(millimetres: number): void {
    this.thickness.max = String(Math.max(1, Math.ceil(millimetres)));
  }

  says(state: string, failed: string): void {
    say(this.state, state);
    say(this.failed, failed);
    this.again.hidden = failed === '';
  }

  private slab(): void {
    const isThin = this.mode.value === 'thin';
    set(this.thickness, 'disabled', isThin);
    say(this.millimetres, isThin ? '' : `${this.thickness.value} mm`);
  }
}

/** Lies where the planes would be. */
export function cardOf(title: string, sentence: string, back: () => void): HTMLElement {
  const leave = button('Back to the slices', 'primary', back);
  return el('div', { class: 'mpr-card' }, el('h2', {}, title), el('p', {}, sentence), leave);
}

function limitChoice(actions: BarActions): HTMLElement {
  const choice = el('select', { class: 'presets', 'aria-label': 'Most memory for a volume' });
  for (const mib of LIMITS) choice.append(el('option', { value: String(mib) }, `≤ ${mib} MB`));
  choice.value = String(limitOf(localStorage));
  choice.title = 'Most memory that a volume may take in this browser';
  choice.addEventListener('change', () => {
    keepLimit(localStorage, Number(choice.value));
    choice.blur();
    actions.limit();
  });
  return choice;
}
