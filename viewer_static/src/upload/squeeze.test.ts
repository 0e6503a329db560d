import { describe, expect, it } from 'vitest';
import { SLOW_BYTES_PER_SECOND, Squeezer, worthwhile } from './squeeze.ts';

const SLOW = SLOW_BYTES_PER_SECOND / 2;
const MB = 1_000_000;
const chunk = { size: 1_000, bytes: new Uint8Array(1_000), blob: new Blob() };

describe('compression before sending', () => {
  it.each([
    ['a large plain file on a slow line', { size: 6 * MB, plain: true }, SLOW, true],
    ['a small one', { size: 4 * MB, plain: true }, SLOW, false],
    ['a compressed one', { size: 6 * MB, plain: false }, SLOW, false],
    ['a fast line', { size: 6 * MB, plain: true }, SLOW * 3, false],
    ['a line not yet known', { size: 6 * MB, plain: true }, 0, false],
  ])('%s', (_, file, rate, wanted) => {
    expect(worthwhile(file, 5 * MB, rate)).toBe(wanted);
  });

  it('ends for a file whose first piece gains too little', async () => {
    let asked = 0;
    const squeezer = new Squeezer(
      { size: 6 * MB, plain: true },
      5 * MB,
      () => SLOW,
      async () => {
        asked += 1;
        return new Uint8Array(950);
      },
    );
    expect(await squeezer.packed(chunk)).toEqual({ body: chunk.blob, coded: false });
    await squeezer.packed(chunk);
    expect(asked).toBe(1);
  });

  it('goes on while it pays, and begins when the line becomes slow', async () => {
    let rate = SLOW * 4;
    const squeezer = new Squeezer(
      { size: 6 * MB, plain: true },
      5 * MB,
      () => rate,
      async () => new Uint8Array(500),
    );
    expect((await squeezer.packed(chunk)).coded).toBe(false);
    rate = SLOW;
    expect((await squeezer.packed(chunk)).coded).toBe(true);
    expect((await squeezer.packed(chunk)).body.size).toBe(500);
  });

  it('ends, and nothing else, where there is no thread for it', async () => {
    const broken = () => Promise.reject(new Error('no worker'));
    const squeezer = new Squeezer({ size: 6 * MB, plain: true }, 5 * MB, () => SLOW, broken);
    expect(await squeezer.packed(chunk)).toEqual({ body: chunk.blob, coded: false });
  });
});
