/** All that a reader can do by a key. */
import type { Command, Group } from './keys.ts';
import { LAYOUTS, type Layout, nameOf } from './layout.ts';
import { CT_PRESETS, STORED } from './presets.ts';
import type { Stage } from './stage.ts';
import { isLight } from './theme.ts';
import { MEASURE_TOOLS, MOVE_TOOLS, type Tool } from './toolkit.ts';

const PAGE = 10;
const SUN = 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 3v2M12 19v2M3 12h2M19 12h2';
const ALL = Number.MAX_SAFE_INTEGER;

export interface RoomActions {
  back(): void;
  help(): void;
  series(by: 1 | -1): void;
  preset(index: number): void;
  reset(): void;
  undo(): void;
  redo(): void;
  removeMark(): void;
  marks(): void;
  lay(layout: Layout): void;
  compare(): void;
  link(): void;
  lines(): void;
  windows(): void;
  theme(): void;
  tags(): void;
  screenshot(): void;
  share(): void;
  keyImage(): void;
  nextKey(by: 1 | -1): void;
  readonly isLinked: () => boolean;
  readonly hasLines: () => boolean;
  readonly isWindowed: () => boolean;
}

const command = (
  group: Group,
  id: string,
  label: string,
  keys: readonly string[],
  run: () => void,
  icon?: string,
  checked?: () => boolean,
): Command => ({ group, id, label, keys, run, icon, checked });

function scrolling(stage: Stage, room: RoomActions): Command[] {
  const step = (id: string, label: string, keys: string[], by: number) =>
    command('Scroll', id, label, keys, () => stage.step(by));
  return [
    step('previous', 'Previous slice', ['ArrowUp', 'ArrowLeft'], -1),
    step('next', 'Next slice', ['ArrowDown', 'ArrowRight'], 1),
    step('page-back', 'Ten slices back', ['PageUp'], -PAGE),
    step('page-on', 'Ten slices on', ['PageDown'], PAGE),
    step('first', 'First slice', ['Home'], -ALL),
    step('last', 'Last slice', ['End'], ALL),
    command('Scroll', 'play', 'Play or pause', [' '], () => stage.session?.cine.toggle()),
    command('Scroll', 'play-from', 'Play from this slice', ['<'], () => {
      const { session } = stage;
      session?.cine.from(session.navigation.wanted, session.model.slices.length);
    }),
    command('Scroll', 'play-to', 'Play to this slice', ['>'], () =>
      stage.session?.cine.to(stage.session.navigation.wanted),
    ),
    command('Scroll', 'play-all', 'Play all slices', ['\\'], () => stage.session?.cine.all()),
    command('Scroll', 'series-back', 'Previous series', ['['], () => room.series(-1)),
    command('Scroll', 'series-on', 'Next series', [']'], () => room.series(1)),
  ];
}

const choosing =
  (stage: Stage, group: Group) =>
  ({ id, label, key, icon }: Tool): Command =>
    command(
      group,
      `tool-${id}`,
      label,
      [key.toLowerCase()],
      () => stage.choose(id),
      icon,
      () => stage.tool === id,
    );

function windows(room: RoomActions): Command[] {
  return [
    ...CT_PRESETS.map(({ name }, index) =>
      command('Window', `preset-${index + 1}`, `CT window: ${name}`, [String(index + 1)], () =>
        room.preset(index),
      ),
    ),
    command('Window', 'preset-0', 'Window as stored', ['0'], () => room.preset(STORED)),
  ];
}

function looking(stage: Stage, room: RoomActions): Command[] {
  const view = (id: string, label: string, key: string[], run: () => void, icon: string) =>
    command('View', id, label, key, run, icon);
  const turned = (degrees: number) => () => stage.active.view?.rotate(degrees);
  return [
    view(
      'invert',
      'Invert',
      ['i'],
      () => stage.active.invert(),
      'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
    ),
    view('right', 'Turn right', ['.'], turned(90), 'M19 12a7 7 0 1 1-2-5M17 3v4h-4'),
    view('left', 'Turn left', [','], turned(-90), 'M5 12a7 7 0 1 0 2-5M7 3v4h4'),
    view(
      'mirror',
      'Flip left to right',
      ['h'],
      () => stage.active.view?.mirror('horizontal'),
      'M12 3v18M9 7L3 18h6zM15 7l6 11h-6z',
    ),
    view(
      'flip',
      'Flip top to bottom',
      ['v'],
      () => stage.active.view?.mirror('vertical'),
      'M3 12h18M7 9l11-6v6zM7 15l11 6v-6z',
    ),
    view('in', 'Zoom in', ['+', '='], () => stage.active.zoom(1.2), 'M12 5v14M5 12h14'),
    view('out', 'Zoom out', ['-'], () => stage.active.zoom(1 / 1.2), 'M5 12h14'),
    view(
      'reset',
      'Reset the view',
      ['r'],
      () => room.reset(),
      'M4 5v5h5M4.600 15a8 8 0 1 0 .6-7.500L4 10',
    ),
    command('View', 'theme', 'Light surroundings', [], () => room.theme(), SUN, isLight),
    view('undo', 'Undo', ['Ctrl+z'], () => room.undo(), 'M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6'),
    view(
      'redo',
      'Redo',
      ['Ctrl+Shift+z', 'Ctrl+y'],
      () => room.redo(),
      'M15 7l5 5-5 5M20 12H10a6 6 0 0 0-6 6',
    ),
  ];
}

const GRID = 'M4 4h16v16H4zM12 4v16M4 12h16';

function laying(stage: Stage, room: RoomActions): Command[] {
  const laid = (layout: Layout) =>
    command(
      'Layout',
      `layout-${layout.rows}-${layout.columns}`,
      nameOf(layout),
      [`Ctrl+${LAYOUTS.indexOf(layout) + 1}`],
      () => room.lay(layout),
      GRID,
      () => nameOf(stage.layout) === nameOf(layout),
    );
  return [
    ...LAYOUTS.map(laid),
    command(
      'Layout',
      'compare',
      'Earlier study beside, or a later one',
      ['y'],
      () => room.compare(),
      'M4 5h7v14H4zM13 5h7v14h-7z',
    ),
    command(
      'Layout',
      'link',
      'Scroll together',
      ['k'],
      () => room.link(),
      'M9 15l6-6M8 12l-3 3a3 3 0 0 0 4 4l3-3M16 12l3-3a3 3 0 0 0-4-4l-3 3',
      room.isLinked,
    ),
    command(
      'Layout',
      'lines',
      'Reference lines',
      ['x'],
      () => room.lines(),
      'M4 4h16v16H4zM4 14L20 9',
      room.hasLines,
    ),
    command(
      'Layout',
      'windows',
      'Window together',
      [],
      () => room.windows(),
      'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
      room.isWindowed,
    ),
    command(
      'Layout',
      'mpr',
      'Reconstruct three planes (MPR, MIP)',
      ['F8'],
      () => void stage.reconstruct(),
      'M3 8l9-5 9 5v8l-9 5-9-5zM3 8l9 5 9-5M12 13v8',
      () => stage.active.mpr !== null,
    ),
    command('Layout', 'pane-on', 'Next viewport', ['Tab'], () => stage.neighbour(1)),
  ];
}

function keeping(room: RoomActions): Command[] {
  const study = (id: string, label: string, keys: string[], run: () => void, icon?: string) =>
    command('Study', id, label, keys, run, icon);
  return [
    command(
      'Measure',
      'remove',
      'Delete the figure under the pointer',
      ['Delete', 'Backspace'],
      () => room.removeMark(),
    ),
    study(
      'marks',
      'Measurements and key images',
      ['j'],
      () => room.marks(),
      'M5 6h14M5 12h14M5 18h9',
    ),
    study(
      'key',
      'Mark as key image',
      ['o'],
      () => room.keyImage(),
      'M12 4l2.500 5.300 5.700.700-4.200 4 1.100 5.800L12 17l-5.100 2.800L8 14 3.800 10l5.700-.7z',
    ),
    study('key-on', 'Next key image', ['Ctrl+ArrowDown'], () => room.nextKey(1)),
    study('key-back', 'Previous key image', ['Ctrl+ArrowUp'], () => room.nextKey(-1)),
    study(
      'tags',
      'Image information and tags',
      ['#', 'F2'],
      () => room.tags(),
      'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 11v5M12 8v.5',
    ),
    study(
      'screenshot',
      'Save a picture (PNG)',
      ['F4'],
      () => room.screenshot(),
      'M4 8h4l2-3h4l2 3h4v11H4zM12 10a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7',
    ),
    study(
      'share',
      'Share this study by a link',
      [],
      () => room.share(),
      'M8 12h8M13 8l4 4-4 4M9 4H4v16h5',
    ),
    study(
      'help',
      'Mouse and keys',
      ['?'],
      () => room.help(),
      'M9 9a3 3 0 1 1 4.500 2.600c-1 .6-1.500 1.200-1.500 2.400M12 18v.5',
    ),
    study('back', 'Back to the studies', ['Escape'], () => room.back(), 'M15 5l-7 7 7 7'),
  ];
}

export function commandsOf(stage: Stage, room: RoomActions): readonly Command[] {
  return [
    ...scrolling(stage, room),
    ...MOVE_TOOLS.map(choosing(stage, 'Tools')),
    ...MEASURE_TOOLS.map(choosing(stage, 'Measure')),
    ...windows(room),
    ...looking(stage, room),
    ...laying(stage, room),
    ...keeping(room),
  ];
}
