/** Draws an image through the lookup table it brings; the library knows only straight windows. */
import { getShouldUseCPURendering, type Types } from '@cornerstonejs/core';
import { ByProcessor } from './by-processor.ts';
import { rawOf } from './plane-at.ts';
import { anyTableOf, type Table, tableOf } from './table.ts';

/** Nodes of the curve: a step of a longer table is a sixteenth of a shade. */
const MOST = 4_096;
/** Short tables may have hard steps: each of their values gets a shade that is flat around it. */
const SHORT = 1_024;
const FLAT = 0.25;
/** Of the texture it is drawn by: as wide as there is. */
const WIDEST = 0;

interface Node {
  readonly x: number;
  readonly r: number;
  readonly g: number;
  readonly b: number;
  readonly midpoint: number;
  readonly sharpness: number;
}

interface Shading {
  setNodes(nodes: readonly Node[]): unknown;
}

/** A straight window, the table even of an image that has a window too, or what the image asks for. */
export type Bend = 'straight' | 'table' | 'own';

export class Curve {
  /** The reader's. */
  bend: Bend = 'own';
  /** Of the image on the canvas; null where none is in force. */
  table: Table | null = null;
  private bent: Shading | null = null;
  private readonly byProcessor: ByProcessor | null;

  constructor(private readonly viewport: Types.IStackViewport) {
    this.byProcessor = getShouldUseCPURendering() ? new ByProcessor(viewport) : null;
  }

  /** Before an image is rendered; the range of its table is its window until the reader moves that. */
  put(imageId: string): void {
    const raw = rawOf(imageId);
    const wanted = this.wanted(raw);
    if (this.byProcessor !== null) {
      const image = this.viewport.getCornerstoneImage();
      this.table = wanted;
      if (image?.imageId === imageId) this.byProcessor.put(image, wanted);
      return;
    }
    const { voiRange, invert = false } = this.viewport.getProperties();
    const shading = this.shading();
    this.table = null;
    if (shading === null || voiRange === undefined) return;
    if (wanted !== null) {
      this.table = wanted;
      this.bent = shading;
      this.actor()?.getMapper().setColorTextureWidth(WIDEST);
      shading.setNodes(nodes(wanted.shades(), voiRange, invert));
    } else if (this.bent === shading) {
      this.bent = null;
      shading.setNodes(nodes([0, 1], voiRange, invert));
    }
  }

  private wanted(raw: Record<string, unknown>): Table | null {
    if (this.bend === 'straight') return null;
    return this.bend === 'table' ? anyTableOf(raw) : tableOf(raw);
  }

  private actor(): Types.ImageActor | null {
    return (this.viewport.getDefaultActor()?.actor as Types.ImageActor | undefined) ?? null;
  }

  private shading(): Shading | null {
    const property = this.actor()?.getProperty();
    return (property?.getRGBTransferFunction(0) ?? null) as Shading | null;
  }
}

function nodes(shades: ArrayLike<number>, { lower, upper }: Types.VOIRange, inverted: boolean) {
  const last = shades.length - 1;
  const count = Math.min(MOST, shades.length);
  const isShort = count > 2 && count <= SHORT;
  const node = (at: number, place: number): Node => {
    const shade = inverted ? 1 - (shades[at] as number) : (shades[at] as number);
    const x = lower + ((upper - lower) * Math.min(last, Math.max(0, place))) / last;
    return { x, r: shade, g: shade, b: shade, midpoint: 0.5, sharpness: 0 };
  };
  return Array.from({ length: count }, (_, index) => {
    const at = Math.round((index * last) / (count - 1));
    return isShort ? [node(at, at - FLAT), node(at, at + FLAT)] : [node(at, at)];
  }).flat();
}
