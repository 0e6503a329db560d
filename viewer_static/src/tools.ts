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

/** Before any viewport is enabled: the tools listen for that moment. */
export function startTools(): void {
  init();
  for (const [tool] of BINDINGS) addTool(tool);
}

export function bindTools(viewportId: string, renderingEngineId: string): void {
  const group = ToolGroupManager.createToolGroup(GROUP);
  for (const [tool, mouseButton] of BINDINGS) {
    group?.addTool(tool.toolName);
    group?.setToolActive(tool.toolName, { bindings: [{ mouseButton }] });
  }
  group?.addViewport(viewportId, renderingEngineId);
}
