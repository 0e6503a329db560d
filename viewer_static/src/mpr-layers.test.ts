import { expect, it, vi } from 'vitest';
import type { Asked } from './mpr-cuts.ts';
import { MprLayers } from './mpr-layers.ts';

vi.mock('./formats/layers.ts', () => ({}));
const painted = vi.hoisted(() => vi.fn());
vi.mock('./formats/ink.ts', () => ({ painted, stroked: vi.fn() }));

const STENCIL = { pile: 0, left: 0, top: 0, width: 1, height: 1, values: new Uint8Array([255]) };
const PART = { colour: [255, 0, 0], isShown: true };

it('paints no mask in the colour of the one that took its number meanwhile', () => {
  const laid = new MprLayers(() => undefined);
  Object.assign(laid, { turn: 2, stocks: [{ part: PART, pile: { isEdge: false }, contours: [] }] });
  const drawImage = vi.fn();
  const ink = { drawImage } as unknown as CanvasRenderingContext2D;
  laid.veil([STENCIL], { laid: 1, coarse: 1 } as Asked)(ink, 1);
  expect(drawImage).not.toHaveBeenCalled();
  laid.veil([STENCIL], { laid: 2, coarse: 1 } as Asked)(ink, 1);
  expect(drawImage).toHaveBeenCalledOnce();
});
