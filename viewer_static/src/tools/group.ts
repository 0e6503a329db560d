/** The mouse on the picture: the left button does what is chosen, middle pans, right zooms. */
import { getEnabledElements, getShouldUseCPURendering } from '@cornerstonejs/core';
import {
  addTool,
  annotation,
  Enums,
  init,
  MagnifyTool,
  PanTool,
  store,
  ToolGroupManager,
  WindowLevelTool,
  ZoomTool,
} from '@cornerstonejs/tools';
import type { ToolId } from '../toolkit.ts';
import { DRAWN } from './drawn.ts';
import { LensTool } from './lens.ts';
import { wordsOf } from './marks.ts';
import { RegionWindowTool } from './region.ts';
import { STYLE } from './style.ts';
import { TurnTool } from './turn.ts';

const GROUP = 'reading';
const { Primary, Auxiliary, Secondary } = Enums.MouseBindings;

const MOVES = {
  window: WindowLevelTool,
  region: RegionWindowTool,
  pan: PanTool,
  zoom: ZoomTool,
  magnify: MagnifyTool,
  turn: TurnTool,
} as const;

const CLASSES = { ...MOVES, lens: LensTool, ...DRAWN };

/** What the page itself does with a drag of the left button. */
type Own = 'scroll' | 'cross';

function classOf(tool: ToolId) {
  // The library's magnifier draws with the graphics card only.
  if (tool === 'magnify' && getShouldUseCPURendering()) return LensTool;
  return tool in CLASSES ? CLASSES[tool as Exclude<ToolId, Own>] : null;
}

/** Asks the reader for a text; an empty one draws nothing. */
export type Ask = (written: string) => Promise<string>;

type Done = (text: string) => void;

let ask: Ask = () => Promise.resolve('');
let chosen: ToolId = 'window';

const CONFIGURATION: Readonly<Record<string, unknown>> = {
  getTextLines: wordsOf,
  calculateStats: false,
  allowOpenContours: false,
  simplifiedSpline: false,
  getTextCallback: (done: Done) => void ask('').then(done),
  changeTextCallback: (data: { data?: { label?: string } }, _event: unknown, done: Done) =>
    void ask(data.data?.label ?? '').then(done),
};

/** Viewports enabled from now on are heard of; those that were before are told of here. */
export function startTools(asking: Ask): void {
  ask = asking;
  init();
  annotation.config.style.setDefaultToolStyles({ global: STYLE } as never);
  for (const tool of Object.values(CLASSES)) addTool(tool as never);
  const group = ToolGroupManager.createToolGroup(GROUP);
  for (const tool of Object.values(CLASSES)) group?.addTool(tool.toolName, { ...CONFIGURATION });
  for (const tool of Object.values(DRAWN)) group?.setToolPassive(tool.toolName);
  for (const { viewport, viewportId, renderingEngineId } of getEnabledElements()) {
    const { element } = viewport;
    store.addEnabledElement({ detail: { element, viewportId, renderingEngineId } } as never);
    bindTools(viewportId, renderingEngineId);
  }
  choose(chosen);
}

export function bindTools(viewportId: string, renderingEngineId: string): void {
  ToolGroupManager.getToolGroup(GROUP)?.addViewport(viewportId, renderingEngineId);
}

export function choose(tool: ToolId): void {
  const group = ToolGroupManager.getToolGroup(GROUP);
  const before = classOf(chosen)?.toolName;
  // A drawn figure stays movable when its tool is put down.
  if (chosen in DRAWN) group?.setToolPassive(before ?? '', { removeAllBindings: true });
  else if (before !== undefined) group?.setToolDisabled(before);
  chosen = tool;
  const fingers = [{ numTouchPoints: 2 }];
  group?.setToolActive(PanTool.toolName, { bindings: bound(Auxiliary, tool === 'pan') });
  group?.setToolActive(ZoomTool.toolName, {
    bindings: [...bound(Secondary, tool === 'zoom'), ...fingers],
  });
  const now = classOf(tool);
  if (now !== null && tool !== 'pan' && tool !== 'zoom')
    group?.setToolActive(now.toolName, { bindings: [{ mouseButton: Primary }] });
}

function bound(mouseButton: number, primary: boolean): { mouseButton: number }[] {
  return primary ? [{ mouseButton: Primary }, { mouseButton }] : [{ mouseButton }];
}
