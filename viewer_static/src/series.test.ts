import { describe, expect, it } from 'vitest';
import { ViewerError } from './errors.ts';
import { imageIdOf, SeriesModel, sifted } from './series.ts';
import { idOf, instanceOf, seriesOf } from './testing.ts';

describe('series', () => {
  it('keeps the order of the listing and opens multi-frame files into frames from 1', () => {
    const detail = seriesOf(2, { instances: [instanceOf(1), instanceOf(2, { frames: 3 })] });
    const ids = new SeriesModel(detail).slices.map(({ imageId }) => imageId);
    expect(ids).toEqual([
      `vdcm:${idOf(1)}`,
      `vdcm:${idOf(2)}?frame=1`,
      `vdcm:${idOf(2)}?frame=2`,
      `vdcm:${idOf(2)}?frame=3`,
    ]);
  });

  it('gives a single frame no frame number', () => {
    expect(imageIdOf('x', 1, 1)).toBe('vdcm:x');
  });

  it('names entries it cannot open instead of dropping them', () => {
    const instances = [
      instanceOf(1),
      instanceOf(2, { id: '../../system' }),
      instanceOf(1),
      instanceOf(3, { size: 0 }),
    ];
    const skipped = [{ id: 'gone', reason: 'it is no longer in the archive' }];
    const { good, skipped: all } = sifted(seriesOf(0, { instances, skipped }));
    expect(good.map(({ id }) => id)).toEqual([idOf(1)]);
    expect(all.map(({ reason }) => reason)).toEqual([
      'it is no longer in the archive',
      'its identifier is malformed',
      'it is listed twice',
      'its size is unknown',
    ]);
  });

  it('counts what is proven apart from what only has the right length', () => {
    const model = new SeriesModel(seriesOf(4));
    model.proven(idOf(0), 'md5', null);
    model.proven(idOf(1), 'length', 'deflated');
    expect(model.counts).toEqual({
      instances: 4,
      received: 2,
      verified: 1,
      lengthOnly: 1,
      failed: 0,
    });
    expect(model.converted(idOf(1))).toBe('deflated');
    expect(model.converted(idOf(0))).toBeNull();
  });

  it('tells nobody of a slice that is ready as it was', () => {
    const model = new SeriesModel(seriesOf(2));
    let heard = 0;
    model.moved(0, 'ready');
    model.addEventListener('change', () => {
      heard += 1;
    });
    model.moved(0, 'ready');
    expect(heard).toBe(0);
    model.moved(0, 'failed', new ViewerError('decode'));
    model.moved(0, 'failed', new ViewerError('memory'));
    expect([heard, model.counts.failed, model.error(0)?.category]).toEqual([2, 1, 'memory']);
  });

  it('tells its listeners about every move', () => {
    const model = new SeriesModel(seriesOf(2));
    let heard = 0;
    model.addEventListener('change', () => {
      heard += 1;
    });
    model.moved(0, 'loading');
    model.proven(idOf(0), 'md5', null);
    expect(heard).toBe(2);
  });
});
