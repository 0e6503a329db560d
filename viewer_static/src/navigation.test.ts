import { describe, expect, it } from 'vitest';
import { ViewerError } from './errors.ts';
import { Link } from './link.ts';
import { type Lid, Navigation } from './navigation.ts';
import { SliceQueue } from './queue.ts';
import { SeriesModel } from './series.ts';
import { FakeClock, idOf, seriesOf, settled } from './testing.ts';

/** A viewport as treacherous as the real one: it draws only when the test says so. */
class FakeCanvas {
  drawn: string | null = null;
  private readonly waiting = new Map<string, (error?: ViewerError) => void>();

  open(): void {
    this.drawn = null;
  }

  show(imageId: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.set(imageId, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  draw(index: number): void {
    this.drawn = `vdcm:${idOf(index)}`;
    this.waiting.get(this.drawn)?.();
  }

  refuse(index: number): void {
    this.waiting.get(`vdcm:${idOf(index)}`)?.(new ViewerError('draw'));
  }
}

class FakeCover implements Lid {
  state: Lid['state'] = 'loading';

  get isAwaiting(): boolean {
    return this.state === 'loading' || this.state === 'waiting';
  }

  text = '';
  off = () => this.become('off', '');
  loading = (which: string) => this.become('loading', which);
  progress = (share: number) => this.become(this.state, `${share}`);
  waiting = (which: string, reason: string) => this.become('waiting', `${which}: ${reason}`);
  failed = (which: string, error: ViewerError) =>
    this.become('failed', `${which}: ${error.category}`);

  private become(state: Lid['state'], text: string): void {
    this.state = state;
    this.text = text;
  }
}

function bench(count = 5) {
  const clock = new FakeClock();
  const model = new SeriesModel(seriesOf(count));
  const loads = new Map<number, { done: () => void; fail: (error: ViewerError) => void }>();
  const decoded = new Set<string>();
  const load = (index: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const done = () => {
        decoded.add(`vdcm:${idOf(index)}`);
        resolve();
      };
      loads.set(index, { done, fail: reject });
      signal.addEventListener('abort', () => reject(new ViewerError('cancelled')));
    });
  const queue = new SliceQueue(model, load, () => 0, clock);
  const canvas = new FakeCanvas();
  const cover = new FakeCover();
  const link = new Link(clock);
  link.glance = () => Promise.resolve({ archive: 'unreachable', since_seconds: 12 });
  const navigation = new Navigation(
    model,
    queue,
    canvas,
    cover,
    link,
    (id) => decoded.has(id),
    clock,
  );
  const open = async (index: number) => {
    void navigation.show(index);
    await settled();
    loads.get(index)?.done();
    await settled();
    canvas.draw(index);
    await settled();
    clock.time += 1_000;
  };
  return { clock, model, loads, canvas, cover, navigation, link, open };
}

describe('navigation', () => {
  it('covers the canvas until exactly the wanted picture is drawn', async () => {
    const { navigation, cover, loads, canvas } = bench();
    void navigation.show(2);
    expect(cover.state).toBe('loading');
    loads.get(2)?.done();
    await settled();
    expect(cover.state).toBe('loading');
    canvas.draw(2);
    await settled();
    expect(cover.state).toBe('off');
    expect(navigation.shown?.index).toBe(2);
  });

  it('covers the old picture at once when the next one has to be loaded', async () => {
    const { navigation, cover, open } = bench();
    await open(0);
    void navigation.show(1);
    expect(cover.state).toBe('loading');
    expect(navigation.shown).toBeNull();
  });

  it('does not flicker between decoded pictures, and covers when drawing takes longer', async () => {
    const { navigation, cover, open, clock } = bench();
    await open(0);
    await open(1);
    void navigation.show(0);
    await clock.advance(200);
    expect(cover.state).toBe('off');
    expect(navigation.shown?.index).toBe(1);
    await clock.advance(100);
    expect(cover.state).toBe('loading');
    expect(navigation.shown).toBeNull();
  });

  it('shows the reason and stays covered when the picture cannot be loaded', async () => {
    const { navigation, cover, open, loads } = bench();
    await open(0);
    void navigation.show(1);
    loads.get(1)?.fail(new ViewerError('damaged'));
    await settled();
    expect(cover).toMatchObject({ state: 'failed', text: 'Slice 2: damaged' });
    expect(navigation.shown).toBeNull();
  });

  it('never uncovers when the canvas holds another picture', async () => {
    const { navigation, cover, loads, canvas } = bench();
    void navigation.show(1);
    loads.get(1)?.done();
    await settled();
    canvas.draw(1);
    canvas.drawn = `vdcm:${idOf(4)}`;
    await settled();
    expect(cover).toMatchObject({ state: 'failed', text: 'Slice 2: draw' });
  });

  it('counts a picture that will not draw as failed', async () => {
    const { navigation, cover, loads, canvas, model } = bench();
    void navigation.show(1);
    loads.get(1)?.done();
    await settled();
    canvas.refuse(1);
    await settled();
    expect(cover.state).toBe('failed');
    expect(model.counts.failed).toBe(1);
  });

  it('lets a late picture of an earlier wish go by', async () => {
    const { navigation, cover, loads, canvas } = bench();
    void navigation.show(1);
    void navigation.show(2);
    loads.get(1)?.done();
    await settled();
    canvas.draw(1);
    await settled();
    expect(cover.state).toBe('loading');
    expect(cover.text).toBe('Slice 3');
  });

  it('lets a late failure of an earlier wish go by', async () => {
    const { navigation, cover, loads } = bench();
    void navigation.show(1);
    void navigation.show(2);
    loads.get(1)?.fail(new ViewerError('damaged'));
    await settled();
    expect(cover.state).toBe('loading');
  });

  it('says why nothing moves, and stops saying it when bytes come again', async () => {
    const { navigation, cover } = bench();
    void navigation.show(1);
    navigation.heard(idOf(1), { error: new ViewerError('away') });
    await settled();
    expect(cover.state).toBe('waiting');
    expect(cover.text).toContain('The archive has not answered for 12 s');
    navigation.heard(idOf(1), null);
    expect(cover.state).toBe('loading');
  });

  it('knows the reason of a slice that has been waiting before it was looked at', () => {
    const { navigation, cover } = bench();
    void navigation.show(1);
    navigation.heard(idOf(3), { error: new ViewerError('busy') });
    void navigation.show(3);
    expect(cover.state).toBe('waiting');
    expect(cover.text).toContain('no free place');
  });

  it('says how much of the wanted slice is here, and of no other', () => {
    const { navigation, cover } = bench();
    void navigation.show(1);
    navigation.received(idOf(3), 0.9);
    expect(cover.text).toBe('Slice 2');
    navigation.received(idOf(1), 0.5);
    expect(cover.text).toBe('0.5');
  });

  it('does not speak of slices nobody looks at', async () => {
    const { navigation, cover } = bench();
    void navigation.show(1);
    navigation.heard(idOf(3), { error: new ViewerError('away') });
    expect(cover.state).toBe('loading');
  });

  it('covers a canvas that lost its contents, without blaming the image', async () => {
    const { navigation, cover, open, model } = bench();
    await open(0);
    navigation.blind();
    expect(cover).toMatchObject({ state: 'failed', text: 'Slice 1: graphics' });
    expect(navigation.shown).toBeNull();
    expect(model.counts.failed).toBe(0);
  });

  it('loads only where a flying wheel stops', async () => {
    const { navigation, loads, clock } = bench(9);
    for (const index of [0, 1, 2, 3]) void navigation.show(index);
    await clock.advance(100);
    expect([...loads.keys()]).toEqual([0, 3]);
  });

  it('stays within the series', async () => {
    const { navigation, open } = bench(3);
    await open(2);
    await navigation.step(1);
    expect(navigation.wanted).toBe(2);
    void navigation.step(-99);
    expect(navigation.wanted).toBe(0);
  });

  it('is silent after the reader left', async () => {
    const { navigation, cover, loads, canvas } = bench();
    void navigation.show(1);
    navigation.close();
    loads.get(1)?.done();
    await settled();
    canvas.draw(1);
    await settled();
    expect(cover.state).toBe('loading');
    expect(navigation.shown).toBeNull();
  });

  it('waits for nothing any more for a load that speaks after the reader left', async () => {
    const { navigation, link } = bench();
    void navigation.show(1);
    navigation.heard(idOf(1), { error: null });
    expect(link.waiting).toBe(true);
    navigation.close();
    navigation.heard(idOf(1), { error: null });
    expect(link.waiting).toBe(false);
  });
});
