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
    ink.setTransform(this.placed(image.imageId));
    ink.drawImage(this.buffer, 0, 0);
  }

  /** From the corner of the first pixel to the canvas. */
  private placed(imageId: string): DOMMatrix {
    const plane = planeAt(imageId);
    const at = (column: number, row: number) =>
      this.viewport.worldToCanvas([...worldOf(plane, [column - 0.5, row - 0.5])]);
    const [[x, y], right, down] = [at(0, 0), at(1, 0), at(0, 1)];
    return new DOMMatrix([right[0] - x, right[1] - y, down[0] - x, down[1] - y, x, y]);
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
