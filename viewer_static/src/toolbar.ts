/** The bar above the picture: where we are, and the few things a reader does besides scrolling. */

import type { Study } from './api.ts';
import { button, el, say, set, svg } from './dom.ts';
import { personName } from './text.ts';

const ICONS = {
  back: 'M15 5l-7 7 7 7',
  invert: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
  reset: 'M4 5v5h5M4.6 15a8 8 0 1 0 .6-7.5L4 10',
  play: 'M8 5l11 7-11 7z',
  pause: 'M8 5v14M16 5v14',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  help: 'M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 18v.5',
} as const;

export interface ToolbarActions {
  back(): void;
  invert(): void;
  reset(): void;
  cine(): void;
  rate(framesPerSecond: number): void;
  preset(index: number): void;
  help(): void;
}

export interface PresetName {
  readonly name: string;
}

function tool(
  icon: keyof typeof ICONS,
  label: string,
  key: string,
  act: () => void,
): HTMLButtonElement {
  const node = button('', 'tool', act);
  node.append(svg(ICONS[icon]), el('span', { class: 'tool-label' }, label));
  node.title = key === '' ? label : `${label} (${key})`;
  return node;
}

export class Toolbar {
  readonly node: HTMLElement;
  private readonly patient = el('strong');
  private readonly patientBeside = el('span', { class: 'beside' });
  private readonly study = el('span', { class: 'toolbar-study' });
  private readonly presets = el('select', { class: 'presets', 'aria-label': 'Window preset' });
  private readonly play: HTMLButtonElement;
  private readonly rate = el('input', {
    type: 'number',
    min: '1',
    max: '60',
    class: 'rate',
    'aria-label': 'Frames per second',
  });
  private readonly cine: HTMLElement;
  private readonly download = el('a', { class: 'tool', download: true });

  constructor(actions: ToolbarActions, presets: readonly PresetName[]) {
    this.play = tool('play', 'Play', 'Space', actions.cine);
    this.cine = el(
      'div',
      { class: 'cine' },
      this.play,
      this.rate,
      el('span', { class: 'unit' }, 'fps'),
    );
    this.download.append(svg(ICONS.download), el('span', { class: 'tool-label' }, 'Download'));
    this.download.title = 'Download this image as DICOM';
    this.fillPresets(presets, actions);
    this.series(false, false);
    this.downloads(null);
    this.rate.addEventListener('change', () => actions.rate(Number(this.rate.value)));
    this.node = el(
      'header',
      { class: 'toolbar' },
      tool('back', 'Studies', 'Esc', actions.back),
      el(
        'div',
        { class: 'toolbar-title' },
        el('div', {}, this.patient, this.patientBeside),
        this.study,
      ),
      el(
        'div',
        { class: 'tools', role: 'toolbar', 'aria-label': 'Picture' },
        this.presets,
        tool('invert', 'Invert', 'I', actions.invert),
        tool('reset', 'Reset', 'R', actions.reset),
        this.cine,
        this.download,
        tool('help', 'Keys', '?', actions.help),
      ),
    );
  }

  shows(study: Study): void {
    const { main, beside } = personName(study.patient_name);
    say(this.patient, main);
    say(this.patientBeside, beside);
    say(
      this.study,
      [study.patient_id, study.description].filter((part) => part !== '').join(' · '),
    );
  }

  series(isCt: boolean, isCine: boolean): void {
    this.presets.hidden = !isCt;
    this.presets.selectedIndex = 0;
    this.cine.hidden = !isCine;
  }

  preset(index: number): void {
    this.presets.selectedIndex = index + 1;
  }

  playing(playing: boolean, rate: number): void {
    this.play.replaceChildren(
      svg(playing ? ICONS.pause : ICONS.play),
      el('span', { class: 'tool-label' }, playing ? 'Pause' : 'Play'),
    );
    set(this.play, 'aria-pressed', String(playing));
    this.rate.value = String(rate);
  }

  /** Null while no series is open. */
  downloads(path: string | null): void {
    set(this.download, 'href', path);
    set(this.download, 'aria-disabled', path === null ? 'true' : null);
  }

  private fillPresets(presets: readonly PresetName[], actions: ToolbarActions): void {
    this.presets.append(el('option', { value: '' }, 'Window: as stored'));
    presets.forEach((preset, index) => {
      this.presets.append(el('option', { value: String(index) }, `${index + 1}  ${preset.name}`));
    });
    this.presets.addEventListener('change', () => {
      actions.preset(this.presets.selectedIndex - 1);
      this.presets.blur();
    });
  }
}
