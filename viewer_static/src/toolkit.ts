/** What the left button may do: one table for the bar, the keys and the picture engine. */

export type ToolId =
  | 'window'
  | 'region'
  | 'pan'
  | 'zoom'
  | 'magnify'
  | 'turn'
  | 'scroll'
  | 'cross'
  | 'length'
  | 'bidirectional'
  | 'angle'
  | 'cobb'
  | 'ellipse'
  | 'rectangle'
  | 'freehand'
  | 'probe'
  | 'arrow'
  | 'text';

export interface Tool {
  readonly id: ToolId;
  readonly label: string;
  readonly key: string;
  /** A path in a box of 24 by 24. */
  readonly icon: string;
}

const tool = (id: ToolId, label: string, key: string, icon: string): Tool => ({
  id,
  label,
  key,
  icon,
});

export const MOVE_TOOLS: readonly Tool[] = [
  tool('window', 'Window', 'W', 'M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16'),
  tool('region', 'Window by region', 'G', 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5M9 12h6'),
  tool('pan', 'Pan', 'P', 'M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3'),
  tool(
    'zoom',
    'Zoom',
    'Z',
    'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.5 15.5L21 21M8 10.5h5M10.5 8v5',
  ),
  tool(
    'magnify',
    'Magnifier',
    'M',
    'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.5 15.5L21 21',
  ),
  tool('turn', 'Rotate freely', 'U', 'M20 12a8 8 0 1 1-3-6.2M17 2v4h4'),
  tool('scroll', 'Scroll', 'S', 'M12 3v18M8 7l4-4 4 4M8 17l4 4 4-4'),
  tool('cross', 'Crosshair', '/', 'M12 3v7M12 14v7M3 12h7M14 12h7'),
];

export const MEASURE_TOOLS: readonly Tool[] = [
  tool('length', 'Length', 'L', 'M4 20L20 4M3 17l4 4M17 3l4 4'),
  tool('bidirectional', 'Long and short axis', 'B', 'M4 20L20 4M8 8l8 8'),
  tool('angle', 'Angle', 'A', 'M19 5L5 19h15M11 19a7 7 0 0 0-2-5'),
  tool('cobb', 'Cobb angle', 'C', 'M4 7l14-3M6 20l14 -3M11 6v13'),
  tool('ellipse', 'Ellipse', 'E', 'M12 6c5 0 9 2.7 9 6s-4 6-9 6-9-2.7-9-6 4-6 9-6'),
  tool('rectangle', 'Rectangle', 'Q', 'M4 6h16v12H4z'),
  tool(
    'freehand',
    'Freehand',
    'F',
    'M6 18c-4-5 0-12 5-11 4 .8 3-3 7-1 4 2.500 1 8-2 9-4 1.500-7 6-10 3z',
  ),
  tool('probe', 'Probe', 'D', 'M12 3v6M12 15v6M3 12h6M15 12h6M12 11.500v1'),
  tool('arrow', 'Arrow with text', 'N', 'M20 4L6 18M6 11v7h7'),
  tool('text', 'Text', 'T', 'M5 6V4h14v2M12 4v16M9 20h6'),
];

export const TOOLS: readonly Tool[] = [...MOVE_TOOLS, ...MEASURE_TOOLS];
