/** The bar above the pictures: where we are, what the left button does, and the rest in short menus. */
import type { Study } from './api.ts';
import type { Cine } from './cine.ts';
import { button, el, say, set, svg } from './dom.ts';
import type { Keymap } from './keymap.ts';
import { type Command, written } from './keys.ts';
import { Menu } from './menu.ts';
import type { Planes } from './mpr-door.ts';
import { CT_PRESETS, STORED, TABLE } from './presets.ts';
import { personName } from './text.ts';
import { MEASURE_TOOLS, MOVE_TOOLS, TOOLS, type ToolId } from './toolkit.ts';

const ICONS = {
  more: 'M5 12h.1M12 12h.1M19 12h.1',
  layout: 'M4 4h16v16H4zM12 4v16M4 12h16',
  view: 'M3 12s3.500-6 9-6 9 6 9 6-3.500 6-9 6-9-6-9-6M12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5',
  play: 'M8 5l11 7-11 7z',
  pause: 'M8 5v14M16 5v14',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
} as const;

/** What a picture's window is called while none of the presets is. */
const AS_STORED = 'Window: as stored';
const AS_IS = String(STORED);

export interface ToolbarActions {
  cine(): void;
  rate(framesPerSecond: number): void;
  /** Play all slices again. */
  all(): void;
  preset(index: number): void;
}

export class Toolbar {
  readonly node: HTMLElement;
  private readonly patient = el('strong');
  private readonly patientBeside = el('span', { class: 'beside' });
  private readonly study = el('span', { class: 'toolbar-study' });
  private readonly presets = el('select', { class: 'presets', 'aria-label': 'Window preset' });
  private offered = '';
  private readonly table = el('option', { value: String(TABLE) });
  private readonly play: HTMLButtonElement;
  private readonly rate = el('input', {
    type: 'number',
    min: '1',
    max: '60',
    class: 'rate',
    'aria-label': 'Frames per second',
  });
  private readonly cine: HTMLElement;
  private readonly span: HTMLButtonElement;
  private readonly download = el('a', { class: 'menu-item', download: true, role: 'menuitem' });
  private readonly planes: HTMLElement;
  private readonly moves: Menu;
  private readonly measures: Menu;
  private readonly menus: readonly Menu[];

  constructor(
    commands: readonly Command[],
    private readonly keymap: Keymap,
    actions: ToolbarActions,
  ) {
    this.download.append(
      svg(ICONS.download),
      el('span', { class: 'menu-label' }, 'Download image'),
    );
    this.download.title = 'Download this image as DICOM';
    const menu = (label: string, icon: string, ids: RegExp, extra: HTMLElement | null = null) =>
      new Menu(
        label,
        icon,
        commands.filter(({ id }) => ids.test(id)).map((one) => this.choice(one)),
        extra,
      );
    const named = (tools: readonly { id: string }[]) =>
      new RegExp(`^tool-(${tools.map(({ id }) => id).join('|')})$`);
    this.moves = menu('Mouse', MOVE_TOOLS[0]?.icon ?? '', named(MOVE_TOOLS));
    this.measures = menu('Measure', MEASURE_TOOLS[0]?.icon ?? '', named(MEASURE_TOOLS));
    const view = menu('View', ICONS.view, /^(invert|right|left|mirror|flip|in|out|reset|theme)$/);
    const layout = menu(
      'Layout',
      ICONS.layout,
      /^(compare|link|lines|windows)$/,
      this.grid(commands),
    );
    const more = menu('More', ICONS.more, /^(marks|key|tags|screenshot)$/, this.download);
    this.menus = [this.moves, this.measures, view, layout, more];
    this.play = tool(ICONS.play, 'Play', 'Space', actions.cine);
    const fps = el('span', { class: 'unit' }, 'fps');
    this.span = button('', 'span', actions.all);
    this.span.title = 'Play all slices again (\\)';
    this.cine = el('div', { class: 'cine' }, this.play, this.rate, fps, this.span);
    this.fillPresets(actions);
    this.series(false, false);
    this.downloads(null);
    this.rate.addEventListener('change', () => actions.rate(Number(this.rate.value)));
    const direct = (id: string) => this.direct(commands, id);
    this.planes = direct('mpr') ?? el('span');
    this.node = el(
      'header',
      { class: 'toolbar' },
      direct('back'),
      el(
        'div',
        { class: 'toolbar-title' },
        el('div', {}, this.patient, this.patientBeside),
        this.study,
      ),
      el(
        'div',
        { class: 'tools', role: 'toolbar', 'aria-label': 'Picture' },
        this.moves.node,
        this.measures.node,
        this.presets,
        view.node,
        direct('undo'),
        direct('redo'),
        layout.node,
        this.planes,
        this.cine,
        more.node,
        direct('share'),
        direct('help'),
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
    this.presets.dataset.ct = String(isCt);
    this.preset(STORED);
    this.cine.hidden = !isCine;
    this.offers(null);
  }

  /** The table that the picture on screen has beside its window, by the name its maker gave it. */
  offers(table: string | null): void {
    const isCt = this.presets.dataset.ct === 'true';
    const offered = `${isCt} ${table}`;
    if (offered === this.offered) return;
    this.offered = offered;
    this.presets.hidden = !isCt && table === null;
    say(this.table, `Window: VOI LUT ${table ?? ''}`.trim());
    for (const option of this.presets.options) {
      const isThere = option === this.table ? table !== null : isCt || option.value === AS_IS;
      option.hidden = !isThere;
      option.disabled = !isThere;
    }
  }

  /** By its number, STORED or TABLE. */
  preset(index: number): void {
    this.presets.value = String(index);
  }

  planed({ inForce, refusal, size }: Planes): void {
    set(this.planes, 'aria-pressed', String(inForce));
    set(this.planes, 'aria-disabled', refusal === null ? null : 'true');
    const memory = size === '' ? '' : `, about ${size} of memory`;
    set(this.planes, 'title', refusal ?? `Reconstruct three planes: MPR, MIP (F8)${memory}`);
  }

  /** The left button does this. */
  chosen(id: ToolId): void {
    const found = TOOLS.find((one) => one.id === id);
    const isMeasure = MEASURE_TOOLS.some((one) => one.id === id);
    if (found === undefined) return;
    const [menu, other] = isMeasure ? [this.measures, this.moves] : [this.moves, this.measures];
    const rest = (isMeasure ? MOVE_TOOLS : MEASURE_TOOLS)[0]?.icon ?? '';
    menu.show(found.icon, found.label, true);
    other.show(rest, isMeasure ? 'Mouse' : 'Measure');
  }

  playing({ playing, rate, span }: Pick<Cine, 'playing' | 'rate' | 'span'>): void {
    this.span.hidden = span === null;
    if (span !== null) say(this.span, `${span[0] + 1}–${span[1] + 1} ×`);
    const label = playing ? 'Pause' : 'Play';
    this.play.replaceChildren(
      svg(playing ? ICONS.pause : ICONS.play),
      el('span', { class: 'tool-label' }, label),
    );
    set(this.play, 'aria-pressed', String(playing));
    set(this.play, 'aria-label', label);
    this.rate.value = String(rate);
  }

  /** Null while no series is open. */
  downloads(path: string | null): void {
    set(this.download, 'href', path);
    set(this.download, 'aria-disabled', path === null ? 'true' : null);
  }

  close(): void {
    for (const menu of this.menus) menu.close();
  }

  private choice(command: Command) {
    const { label, icon = '', run, checked } = command;
    const key = () => written(this.keymap.keysOf(command)[0] ?? '');
    return { label, icon, key, run, checked };
  }

  private direct(commands: readonly Command[], id: string): HTMLElement | null {
    const found = commands.find((one) => one.id === id);
    if (found === undefined) return null;
    const short = { back: 'Studies', help: 'Keys', share: 'Share', mpr: 'MPR' }[id] ?? found.label;
    const node = tool(found.icon ?? '', short, written(found.keys[0] ?? ''), found.run);
    set(node, 'data-command', id);
    return node;
  }

  /** Nine layouts as a small picture of themselves. */
  private grid(commands: readonly Command[]): HTMLElement {
    const cells = commands
      .filter(({ id }) => id.startsWith('layout-'))
      .map(({ label, run }) => {
        const node = button('', 'grid-cell', () => {
          this.close();
          run();
        });
        set(node, 'aria-label', `Layout ${label}`);
        node.title = label;
        say(node, label.replaceAll(' ', ''));
        return node;
      });
    return el('div', { class: 'grid-picker' }, ...cells);
  }

  private fillPresets(actions: ToolbarActions): void {
    this.presets.append(el('option', { value: AS_IS }, AS_STORED), this.table);
    CT_PRESETS.forEach((preset, index) => {
      this.presets.append(el('option', { value: String(index) }, `${index + 1}  ${preset.name}`));
    });
    this.presets.addEventListener('change', () => {
      actions.preset(Number(this.presets.value));
      this.presets.blur();
    });
  }
}

function tool(icon: string, label: string, key: string, act: () => void): HTMLButtonElement {
  const node = button('', 'tool', act);
  node.append(svg(icon), el('span', { class: 'tool-label' }, label));
  node.title = key === '' ? label : `${label} (${key})`;
  set(node, 'aria-label', label);
  return node;
}
