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
      domainLookupStart: 0,
      domainLookupEnd: 0,
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

  it('tells the last look-up of a name, and none where none was needed', () => {
    const traffic = new Traffic();
    const answer = { requestStart: 0, responseStart: 1, responseEnd: 1, encodedBodySize: 1 };
    const looked = (from: number, to: number) => ({
      ...{ ...answer, transferSize: 300, domainLookupStart: from, domainLookupEnd: to },
    });
    traffic.heard([looked(5, 5)]);
    expect(traffic.lookupMs).toBeNull();
    traffic.heard([looked(5, 45), looked(50, 50)]);
    expect(traffic.lookupMs).toBe(40);
  });

  it('estimates what is lost once there were enough loads to tell', () => {
    const traffic = new Traffic();
    const ended = (outcome: string, times: number) => {
      for (let n = 0; n < times; n++) traffic.ended(IMAGE, outcome);
    };
    ended('network', 1);
    ended('ok', 18);
    expect(traffic.lost).toBeNull();
    ended('cancelled', 40);
    expect(traffic.lost).toBeNull();
    ended('not-found', 1);
    expect(traffic.lost).toBeCloseTo(1 / 20);
  });
});
