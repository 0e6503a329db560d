/** How figures look: thin and readable on any grey. */
const COLOUR = 'rgb(244, 205, 96)';
const ABOVE = 'rgb(140, 205, 255)';

export const STYLE = {
  color: COLOUR,
  colorHighlighted: ABOVE,
  colorSelected: ABOVE,
  colorLocked: COLOUR,
  lineWidth: '1.5',
  lineDash: '',
  shadow: true,
  textBoxVisibility: true,
  textBoxFontFamily: 'system-ui, "Noto Sans", "DejaVu Sans", sans-serif',
  textBoxFontSize: '14px',
  textBoxColor: COLOUR,
  textBoxColorHighlighted: ABOVE,
  textBoxColorSelected: ABOVE,
  textBoxColorLocked: COLOUR,
  textBoxBackground: '',
  textBoxLinkLineWidth: '1',
  textBoxLinkLineDash: '2,3',
  textBoxShadow: true,
  markerSize: '10',
  angleArcLineDash: '',
} as const;
