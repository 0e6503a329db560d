import { expect, it, vi } from 'vitest';
import { ViewerError } from '../errors.ts';
import type { Watch } from '../persist.ts';
import { seriesOf, settled } from '../testing.ts';
import { type FakeNode, fakeDocument } from '../testing-page.ts';

vi.stubGlobal('document', fakeDocument());
vi.mock('./formats.css', () => ({}));
const { Papers } = await import('./papers.ts');

interface Asked {
  readonly watch: Watch;
  readonly come: (value: unknown) => void;
  readonly fail: (error: Error) => void;
}

function bench(count: number) {
  const detail = seriesOf(count);
  const asked: Asked[] = [];
  const json = (_: string, watch: Watch) =>
    new Promise((come, fail) => asked.push({ watch, come, fail }));
  const cover = { state: '' };
  const become = (state: string) => () => Object.assign(cover, { state });
  const [off, loading, waiting] = ['off', 'loading', 'waiting'].map(become);
  Object.assign(cover, { off, loading, waiting });
  const desk = {
    transport: { json },
    link: { sentence: () => '' },
    cover,
    overlay: { hide: () => undefined },
    map: { series: () => null },
  };
  const papers = new Papers(detail, desk as never);
  const contents = (index: number) => ({
    kind: 'report',
    class_name: `class ${index}`,
    sop_uid: detail.instances[index]?.sop_uid,
    facts: [],
    references: [],
    report: {
      ...{ title: `all of report ${index}`, completion: '', verification: '', verifiers: [] },
      ...{ date: '', time: '', items: [], cut: false },
    },
  });
  return { papers, asked, cover, contents, page: papers.node as unknown as FakeNode };
}

it('does not cover a paper that is there because another one, or its rest, is waited for', async () => {
  const { papers, asked, cover, contents } = bench(2);
  void papers.start();
  papers.step(1);
  asked[1]?.come(contents(1));
  await settled();
  expect(cover.state).toBe('off');
  for (const { watch } of asked) watch.waiting?.({ error: null });
  expect(cover.state).toBe('off');
});

it('says why nothing comes, and no longer once it comes', () => {
  const { papers, asked, cover } = bench(1);
  void papers.start();
  asked[0]?.watch.waiting?.({ error: null });
  expect(cover.state).toBe('waiting');
  asked[0]?.watch.waiting?.(null);
  expect(cover.state).toBe('loading');
});

it('shows nothing of one object with another that failed', async () => {
  const { papers, asked, contents, page } = bench(2);
  void papers.start();
  asked[0]?.come(contents(0));
  await settled();
  papers.step(1);
  asked[1]?.fail(new ViewerError('server'));
  await settled();
  expect(page.textContent).toContain('Server error');
  expect(page.textContent).not.toContain('class 0');
});

it('puts what comes late with no other object than its own', async () => {
  const { papers, asked, contents, page } = bench(2);
  void papers.start();
  asked[0]?.come(contents(0));
  // The part that draws reports is still on its way then: it takes longer than a microtask.
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  expect(page.textContent).toContain('class 0');
  papers.step(1);
  asked[1]?.come(contents(1));
  await vi.waitFor(() => expect(page.textContent).toContain('all of report 1'));
  await settled();
  expect(page.textContent).toContain('class 1');
  expect(page.textContent).not.toContain('report 0');
});
