import { describe, expect, it } from 'vitest';
import { cargoOf, Traffic } from './traffic.ts';

const IMAGE = 'api/pacs/instances/x/display';

describe('traffic', () => {
  it('knows images, thumbnails and lists by their addresses', () => {
    expect(cargoOf(IMAGE)).toBe('images');
    expect(cargoOf('api/pacs/instances/x/compact')).toBe('images');
    expect(cargoOf('api/pacs/instances/x/frames/3')).toBe('images');
    expect(cargoOf('api/pacs/instances/x/rendered?frame=1&size=96')).toBe('thumbnails');
    expect(cargoOf('api/pacs/series/x')).toBe('lists');
  });

  it('counts a break as survived once the load has come, and not before', () => {
    const traffic = new Traffic();
    for (const outcome of ['network', 'stalled']) {
      traffic.began(IMAGE);
      traffic.ended(IMAGE, outcome);
    }
    expect(traffic.survived).toBe(0);
    traffic.began(IMAGE);
    expect(traffic.of('images')).toBe(1);
    traffic.ended(IMAGE, 'ok');
    traffic.began(IMAGE);
    traffic.ended(IMAGE, 'ok');
    expect(traffic.survived).toBe(2);
    expect(traffic.of('images')).toBe(0);
  });

  it('takes no refusal and no load given up for a break', () => {
    const traffic = new Traffic();
    for (const outcome of ['cancelled', 'not-found', 'ok']) {
      traffic.began(IMAGE);
      traffic.ended(IMAGE, outcome);
    }
    expect(traffic.survived).toBe(0);
  });

  it('says what a question takes by the quickest of the last answers', () => {
    const traffic = new Traffic();
    const answer = (ms: number, transferSize = 300) => ({
      requestStart: 100,
      responseStart: 100 + ms,
      responseEnd: 100 + ms,
      encodedBodySize: 10,
      transferSize,
    });
    expect(traffic.roundTripMs).toBeNull();
    traffic.heard([answer(1, 0)]);
    expect(traffic.roundTripMs).toBeNull();
    traffic.heard([answer(40), answer(90)]);
    expect(traffic.roundTripMs).toBe(40);
    traffic.heard(Array.from({ length: 16 }, () => answer(300)));
    expect(traffic.roundTripMs).toBe(300);
  });
});
