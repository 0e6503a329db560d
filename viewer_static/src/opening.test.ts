import { afterEach, expect, it, vi } from 'vitest';
import { ViewerError } from './errors.ts';
import { Opening } from './opening.ts';
import type { Waiting, Watch } from './persist.ts';
import { settled } from './testing.ts';

vi.stubGlobal('document', { body: { hasAttribute: () => false } });
afterEach(() => vi.restoreAllMocks());

interface Asked {
  readonly path: string;
  readonly watch: Watch;
  readonly come: (value: unknown) => void;
  readonly fail: (error: Error) => void;
}

const study = (id: string) => ({
  id,
  patient_id: `patient of ${id}`,
  study_date: '20260101',
  series: [
    { id: `${id}-1`, modality: 'CT' },
    { id: `${id}-2`, modality: 'CT' },
  ],
});

const detail = (id: string) => ({ id, study: study(id.split('-')[0] ?? '') });

function bench() {
  const asked: Asked[] = [];
  const json = (path: string, watch: Watch) =>
    new Promise((come, fail) => {
      asked.push({ path, watch, come, fail });
      if (watch.signal.aborted) fail(new ViewerError('cancelled'));
      watch.signal.addEventListener('abort', () => fail(new ViewerError('cancelled')));
    });
  const opened: { readonly id: string; readonly shown: () => void }[] = [];
  const words: string[] = [];
  const pane = {
    seriesId: '',
    close: () => undefined,
    message: (title: string) => words.push(title),
    cover: { waiting: (what: string) => words.push(`waiting: ${what}`) },
    open: ({ id }: { id: string }, { signal }: Watch) =>
      new Promise<void>((shown, left) => {
        opened.push({ id, shown });
        signal.addEventListener('abort', () => left(signal.reason));
      }),
  };
  const stage = Object.assign(new EventTarget(), {
    active: pane,
    panes: [pane],
    close: () => undefined,
    lay: () => undefined,
  });
  const link = Object.assign(new EventTarget(), {
    hold: () => () => undefined,
    sentence: () => '',
  });
  const deps = { transport: { json, unkept: new Set() }, link, stage, liked: () => null };
  const opening = new Opening(deps as never);
  const of = async (part: string): Promise<Asked> => {
    await settled();
    const found = asked.findLast(({ path }) => path.includes(part));
    if (found === undefined) throw new Error(`${part} was not asked for`);
    return found;
  };
  const open = async (id: string) => {
    void opening.open(id, null);
    (await of(`studies/${id}`)).come(study(id));
    (await of(`series/${id}-1`)).come(detail(`${id}-1`));
    await settled();
  };
  return { opening, pane, opened, words, of, open };
}

const pageOf = (id: string) => ({
  items: [{ id: 'before', patient_id: `patient of ${id}`, study_date: '20250101' }],
});

it('knows what the patient had before, though another series was chosen before the first one came', async () => {
  const { opening, pane, opened, of, open } = bench();
  await open('a');
  void opening.into(pane as never, 'a-2');
  (await of('series/a-2')).come(detail('a-2'));
  await settled();
  opened[1]?.shown();
  (await of('studies?')).come(pageOf('a'));
  await settled();
  expect(opening.others.map(({ id }) => id)).toEqual(['before']);
});

it('goes on looking for it while series come and go, but not for another patient', async () => {
  const { opening, pane, opened, of, open } = bench();
  await open('a');
  opened[0]?.shown();
  const { watch } = await of('studies?');
  void opening.into(pane as never, 'a-2');
  await settled();
  expect(watch.signal.aborted).toBe(false);
  void opening.open('b', null);
  await settled();
  expect(watch.signal.aborted).toBe(true);
  expect(opening.others).toEqual([]);
});

it('opens a prior after another study was open', async () => {
  const { opening, of, open } = bench();
  await open('a');
  void opening.openPrior('before');
  (await of('studies/before')).come(study('before'));
  await open('b');
  const prior = opening.openPrior('long-before');
  (await of('studies/long-before')).come(study('long-before'));
  expect((await prior)?.id).toBe('long-before');
});

it('leaves the picture alone when it cannot be found out', async () => {
  const { opening, pane, opened, words, of, open } = bench();
  const told = vi.fn();
  opening.addEventListener('no-priors', told);
  await open('a');
  opened[0]?.shown();
  const said = words.length;
  (await of('studies?')).fail(new ViewerError('server'));
  await settled();
  expect(words.slice(said)).toEqual([]);
  expect(pane.seriesId).toBe('a-1');
  expect(told).toHaveBeenCalledOnce();
});

it('does not cover a picture for what was given up', async () => {
  const { opening, pane, words, of, open } = bench();
  await open('a');
  const { watch } = await of('series/a-1');
  void opening.into(pane as never, 'a-2');
  const said = words.length;
  watch.waiting?.({ error: null } satisfies Waiting);
  expect(words.slice(said)).toEqual([]);
});
