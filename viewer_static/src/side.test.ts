import { beforeEach, expect, it, vi } from 'vitest';
import { ViewerError } from './errors.ts';
import type { Watch } from './persist.ts';
import { SidePage } from './side.ts';
import { settled } from './testing.ts';
import { type FakeNode, fakeDocument } from './testing-page.ts';
import type { Transport } from './transport.ts';

beforeEach(() => vi.stubGlobal('document', fakeDocument()));

/** Two things that can be ended; each request waits until the test lets it go. */
class Page extends SidePage {
  readonly ends = (name: string) => this.change('DELETE', name, null, `${name} has ended.`);

  protected async refresh(signal: AbortSignal): Promise<void> {
    await this.json('list', signal);
  }

  get words(): string {
    return (this.note as unknown as FakeNode).textContent;
  }
}

function scene() {
  const waiting = new Map<string, () => void>();
  const asked = (path: string, { signal }: Watch) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new ViewerError('cancelled')));
      waiting.set(path, () => resolve({}));
    });
  const transport = {
    json: asked,
    change: (_: string, path: string, __: unknown, watch: Watch) => asked(path, watch),
  } as unknown as Transport;
  const page = new Page({ transport, back: () => undefined }, 'Things');
  page.start();
  const come = async (path: string) => {
    waiting.get(path)?.();
    await settled();
  };
  return { page, come };
}

it('a change is not given up because an earlier one has the page asked for anew', async () => {
  const { page, come } = scene();
  await come('list');
  const [one, other] = [page.ends('one'), page.ends('other')];
  await come('one');
  await come('list');
  expect(await one).toEqual({});
  await come('other');
  await come('list');
  expect(await other).toEqual({});
  expect(page.words).toBe('other has ended.');
});

it('what ends after the page was left says nothing when it comes on screen again', async () => {
  const { page, come } = scene();
  await come('list');
  const one = page.ends('one');
  page.close();
  await settled();
  page.start();
  await come('list');
  expect(await one).toBeNull();
  expect(page.words).toBe('');
  const other = page.ends('other');
  await come('other');
  await come('list');
  expect(await other).toEqual({});
});
