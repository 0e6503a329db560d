/** The mouse on the picture: left window/level, middle pan, right zoom. Scrolling is the page's own. */
import {
  addTool,
  Enums,
  init,
  PanTool,
  ToolGroupManager,
  WindowLevelTool,
  ZoomTool,
} from '@cornerstonejs/tools';

const GROUP = 'reading';

const BINDINGS = [
  [WindowLevelTool, Enums.MouseBindings.Primary],
  [PanTool, Enums.MouseBindings.Auxiliary],
  [ZoomTool, Enums.MouseBindings.Secondary],
] as const;

export function startTools(viewportId: string, renderingEngineId: string): void {
  init();
  const group = ToolGroupManager.createToolGroup(GROUP);
  for (const [tool, mouseButton] of BINDINGS) {
    addTool(tool);
    group?.addTool(tool.toolName);
    group?.setToolActive(tool.toolName, { bindings: [{ mouseButton }] });
  }
  group?.addViewport(viewportId, renderingEngineId);
}

export interface Preset {
  readonly name: string;
  readonly width: number;
  readonly centre: number;
}

/** CT windows on keys 1 to 5. */
export const CT_PRESETS: readonly Preset[] = [
  { name: 'Soft tissue', width: 400, centre: 40 },
  { name: 'Lung', width: 1500, centre: -600 },
  { name: 'Bone', width: 2000, centre: 400 },
  { name: 'Brain', width: 80, centre: 40 },
  { name: 'Angio', width: 600, centre: 200 },
];
