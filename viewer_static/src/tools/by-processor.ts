/** Pictures that the library's way without a graphics card gets wrong, drawn by ourselves. */
import { Enums, type Types } from '@cornerstonejs/core';
import { worldOf } from '../figures/plane.ts';
import { planeAt } from './plane-at.ts';
import { type Grey, greyed } from './shade.ts';
import type { Table } from './table.ts';

type Drawer = Parameters<NonNullable<Types.IImage['render']>>[0];
type Draws = (element: Drawer) => void;

/** By the canvas of each viewport: the same image may hang in several. */
const drawers = new WeakMap<HTMLCanvasElement, Draws>();
/** What was painted here for an image; null where the library painted it. */
type Painted = (image: Types.IImage) => HTMLCanvasElement | null;
const pictures = new WeakMap<HTMLCanvasElement, Painted>();

/** What the library keeps of a viewport that it draws without a card: the picture as it is windowed, pixel by pixel. */
interface Kept {
  readonly _cpuFallbackEnabledElement?: {
    readonly renderingTools?: {
      readonly renderCanvas?: HTMLCanvasElement;
      readonly lastRenderedImageId?: string;
    };
  };
}

/** Draws the picture of a viewport once more, where `ink` puts the viewport's: from its own pixels where those are at hand. */
export function drawLarger(viewport: Types.IStackViewport, ink: CanvasRenderingContext2D): void {
  const image = viewport.getCornerstoneImage();
  const picture = pictures.get(viewport.canvas)?.(image) ?? windowed(viewport, image);
  ink.imageSmoothingEnabled = true;
  if (picture === null) {
    const { clientWidth, clientHeight } = viewport.canvas;
    ink.drawImage(viewport.canvas, 0, 0, clientWidth, clientHeight);
    return;
  }
  const { a, b, c, d, e, f } = placed(viewport, image.imageId);
  ink.transform(a, b, c, d, e, f);
  ink.drawImage(picture, 0, 0);
}

/** Null where it may be another picture: the library draws some of those in colour without it. */
function windowed(viewport: Types.IStackViewport, image: Types.IImage): HTMLCanvasElement | null {
  const kept = (viewport as unknown as Kept)._cpuFallbackEnabledElement?.renderingTools;
  if (image.color || kept?.lastRenderedImageId !== image.imageId) return null;
  const drawn = kept.renderCanvas;
  const isWhole = drawn?.width === image.columns && drawn.height === image.rows;
  return isWhole ? drawn : null;
}

/** From the corner of the first pixel to the canvas. */
function placed(viewport: Types.IStackViewport, imageId: string): DOMMatrix {
  const plane = planeAt(imageId);
  const at = (column: number, row: number) =>
    viewport.worldToCanvas([...worldOf(plane, [column - 0.5, row - 0.5])]);
  const [[x, y], right, down] = [at(0, 0), at(1, 0), at(0, 1)];
  return new DOMMatrix([right[0] - x, right[1] - y, down[0] - x, down[1] - y, x, y]);
}

/** The library looks up whole numbers only, and knows no window but a linear one. */
function isOdd({ color, voiLUTFunction, voxelManager }: Types.IImage): boolean {
  if (color) return false;
  const isFloat = voxelManager?.getScalarData() instanceof Float32Array;
  return isFloat || voiLUTFunction === Enums.VOILUTFunctionType.SAMPLED_SIGMOID;
}

/** Draws the images of one viewport that are to be drawn otherwise. */
export class ByProcessor {
  private readonly buffer = document.createElement('canvas');
  private painted: { readonly image: Types.IImage; readonly grey: Grey } | null = null;
  private shades: Float32Array | null = null;

  constructor(private readonly viewport: Types.IStackViewport) {
    drawers.set(viewport.canvas, (element) => this.draw(element));
    pictures.set(viewport.canvas, (image) => (this.painted?.image === image ? this.buffer : null));
  }

  put(image: Types.IImage, table: Table | null): void {
    this.shades = table?.shades() ?? null;
    if (table === null && !isOdd(image)) return;
    image.render = (element: Drawer) => {
      if (element.canvas !== undefined) drawers.get(element.canvas)?.(element);
    };
  }

  private draw({ image, canvas, viewport }: Drawer): void {
    const ink = canvas?.getContext('2d') ?? null;
    if (image === undefined || canvas === undefined || ink === null) return;
    this.paint(image, viewport);
    ink.resetTransform();
    ink.fillStyle = 'black';
    ink.fillRect(0, 0, canvas.width, canvas.height);
    ink.imageSmoothingEnabled = viewport?.pixelReplication !== true;
    ink.setTransform(placed(this.viewport, image.imageId));
    ink.drawImage(this.buffer, 0, 0);
  }

  private paint(image: Types.IImage, viewport: Drawer['viewport']): void {
    const grey = this.greyOf(image, viewport);
    const { painted } = this;
    if (painted?.image === image && isSame(painted.grey, grey)) return;
    const { buffer } = this;
    const { columns, rows } = image;
    if (buffer.width !== columns) buffer.width = columns;
    if (buffer.height !== rows) buffer.height = rows;
    const picture = new ImageData(columns, rows);
    const values = image.voxelManager?.getScalarData() as ArrayLike<number>;
    greyed(values, grey, new Uint32Array(picture.data.buffer));
    buffer.getContext('2d')?.putImageData(picture, 0, 0);
    this.painted = { image, grey };
  }

  private greyOf({ voiLUTFunction }: Types.IImage, viewport: Drawer['viewport']): Grey {
    const { windowWidth = 1, windowCenter = 0 } = viewport?.voi ?? {};
    const { shades } = this;
    return {
      width: first(windowWidth),
      centre: first(windowCenter),
      inverted: viewport?.invert === true,
      isSigmoid: shades === null && voiLUTFunction === Enums.VOILUTFunctionType.SAMPLED_SIGMOID,
      shades,
    };
  }
}

const first = (value: number | number[]): number => Number([value].flat()[0]);

function isSame(one: Grey, other: Grey): boolean {
  const keys = ['width', 'centre', 'inverted', 'isSigmoid', 'shades'] as const;
  return keys.every((key) => one[key] === other[key]);
}
