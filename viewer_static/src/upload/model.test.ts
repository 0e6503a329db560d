import { describe, expect, it } from 'vitest';
import type { BatchNews, Outcomes, RemoteUpload } from './answers.ts';
import { Batch } from './batch.ts';
import { Item } from './item.ts';
import { rowsOf, windowOf } from './rows.ts';
import { percent, sentence, stateOf } from './words.ts';

const id = (n: number): string => n.toString(16).padStart(32, '0');
const NONE: Outcomes = { stored: 0, duplicate: 0, conflict: 0, refused: 0, skipped: 0 };

function item(path: string, size = 100): Item {
  return new Item({ path, size, fingerprint: path, kind: 'dicom', plain: true });
}

function batchOf(...paths: string[]): Batch {
  const batch = new Batch('key', 'folder', 'DISC', 0);
  batch.items.push(...paths.map((path) => item(path)));
  for (const [index, one] of batch.items.entries()) batch.named(one, id(index + 1));
  batch.opened({ id: id(99), label: null, rev: 0 });
  return batch;
}

const upload = (n: number, state: string, more: Partial<RemoteUpload> = {}): RemoteUpload => ({
  id: id(n),
  name: `${n}`,
  length: 100,
  offset: 100,
  state,
  code: null,
  detail: null,
  kind: 'dicom',
  progress: null,
  results: NONE,
  study: null,
  ...more,
});

const news = (uploads: RemoteUpload[], results: BatchNews['results'] = []): BatchNews => ({
  id: id(99),
  label: 'USB_20260101_1',
  rev: 7,
  source: 'folder',
  uploads,
  results,
});

const said = (batch: Batch, now = 0, rate = 0): string => sentence(batch, batch.tally(), now, rate);

describe('a batch', () => {
  it('is done only when every file is where it stays', () => {
    const batch = batchOf('a/1', 'a/2');
    batch.apply(
      news([upload(1, 'done', { results: { ...NONE, stored: 1 } }), upload(2, 'storing')]),
      0,
    );
    expect(batch.done).toBe(false);
    expect(batch.tally()).toMatchObject({ sent: 200, bytes: 200, settled: 1, files: 2 });
    batch.apply(news([upload(2, 'done', { results: { ...NONE, duplicate: 1 } })]), 0);
    expect(batch.done).toBe(true);
    expect(said(batch)).toBe('Done: 1 in the archive, 1 already there.');
  });

  it('lets the server speak once it has the file', () => {
    const batch = batchOf('a/1');
    const [one] = batch.items;
    batch.apply(news([upload(1, 'done', { results: { ...NONE, stored: 1 } })]), 0);
    one?.stepped({ state: 'proving' }, 0);
    expect(one?.state).toBe('stored');
  });

  it('stops sending what was cancelled elsewhere', () => {
    const batch = batchOf('a/1');
    const [one] = batch.items;
    if (one === undefined) throw new Error('no item');
    one.quit = new AbortController();
    batch.apply(news([upload(1, 'cancelled')]), 0);
    expect(one.quit.signal.aborted).toBe(true);
  });

  it('does not call a file receiving what this page calls waiting for network', () => {
    const batch = batchOf('a/1');
    const [one] = batch.items;
    if (one === undefined) throw new Error('no item');
    one.file = new Blob();
    one.stepped({ state: 'network', tryAt: 8_000, why: 'The line broke.' }, 0);
    batch.apply(news([upload(1, 'receiving', { offset: 40 })]), 0);
    expect(stateOf(one, 0)).toBe('waiting for network, next try in 8 s');
    expect(said(batch)).toBe('Waiting for network, next try in 8 s. The line broke.');
  });

  it('restored after a reload says what to choose again and how much is there', () => {
    const batch = new Batch('key', 'folder', 'DISC', 0);
    batch.stage = 'restored';
    batch.expected = 5;
    batch.apply(
      news([
        upload(1, 'receiving', { offset: 40 }),
        upload(2, 'done', { results: { ...NONE, stored: 1 } }),
      ]),
      0,
    );
    expect(batch.done).toBe(false);
    expect(batch.unbegun).toBe(3);
    expect(said(batch)).toMatch(/^Not finished: 4 files still to send\./);
    expect(batch.items.map((one) => stateOf(one, 0))).toEqual([
      '40 % sent: choose it again to go on',
      'in archive',
    ]);
  });

  it('names what is wrong inside an archive, and does not call the whole refused', () => {
    const batch = batchOf('a/1.zip');
    const results = { ...NONE, stored: 5, refused: 1 };
    const bad = {
      id: 1,
      upload: id(1),
      member: 'x/IM7',
      outcome: 'refused',
      code: 'c',
      detail: 'It breaks off.',
      instance: null,
      study: null,
    } as const;
    batch.apply(news([upload(1, 'done', { results })], [bad]), 0);
    expect(batch.items.map((one) => stateOf(one, 0))).toEqual(['5 in archive, 1 refused']);
    expect(rowsOf(batch, { problemsOnly: true, toggled: new Set() })).toMatchObject([
      { kind: 'member', result: { member: 'x/IM7' } },
    ]);
  });
});

describe('a conflict', () => {
  const result = {
    id: 7,
    upload: id(1),
    member: '',
    outcome: 'conflict',
    code: 'other_bytes',
    detail: '',
    instance: null,
    study: null,
  } as const;
  const conflicts = { ...NONE, conflict: 1 };

  it('waits for a decision, which the file then follows', () => {
    const batch = batchOf('a/1');
    const [one] = batch.items;
    if (one === undefined) throw new Error('no item');
    batch.apply(news([upload(1, 'done', { results: conflicts })], [result]), 0);
    expect(batch.done).toBe(true);
    expect(batch.conflictOf(one)).toBe(7);
    batch.apply(news([], [{ ...result, code: 'replacing' }]), 0);
    expect(batch.conflictOf(one)).toBeNull();
    expect(batch.moving).toBe(true);
    batch.apply(news([], [{ ...result, outcome: 'stored', code: 'replaced' }]), 0);
    expect(stateOf(one, 0)).toBe('in archive');
    expect(batch.moving).toBe(false);
  });
});

describe('words', () => {
  it('never say 100 % of something unfinished', () => {
    expect(percent(999_999, 1_000_000)).toBe(99);
    expect(percent(1_000_000, 1_000_000)).toBe(100);
    expect(percent(0, 0)).toBe(0);
  });

  it.each(['sending', 'proving', 'sent', 'examining', 'converting', 'storing', 'kept'] as const)(
    'change within ten seconds while a file is %s',
    (state) => {
      const one = item('a/1');
      one.become(state, 0);
      for (let now = 0; now < 60_000; now += 1_000) {
        expect(stateOf(one, now)).not.toBe(stateOf(one, now + 10_000));
      }
    },
  );

  it('tell the age of the last change while the server works', () => {
    const batch = batchOf('a/1', 'a/2');
    batch.apply(news([upload(1, 'storing'), upload(2, 'storing')]), 0);
    expect(said(batch, 1_000)).toBe('All sent. The server checks and stores 2 files.');
    expect(said(batch, 12_000)).toBe(
      'All sent. The server checks and stores 2 files; last change 12 s ago.',
    );
  });

  it('give rate and time left', () => {
    const batch = batchOf('a/1', 'a/2');
    const [one] = batch.items;
    if (one === undefined) throw new Error('no item');
    one.sent = 86;
    one.stepped({ state: 'sending', coded: true }, 0);
    expect(said(batch, 0, 10)).toBe('Sending 43 % · 1 KB/s · about 15 s left');
    expect(stateOf(one, 0)).toBe('sending 86 %, compressed');
  });

  it('count the seconds to the next try, and of the try itself', () => {
    const one = item('a/1');
    one.stepped({ state: 'network', tryAt: 8_000, why: 'The line broke.' }, 0);
    expect(stateOf(one, 3_000)).toBe('waiting for network, next try in 5 s');
    expect(stateOf(one, 12_000)).toBe('waiting for network, asking again for 4 s');
  });

  it('do not call a large file checked between two of its pieces', () => {
    const one = item('a/1');
    one.stepped({ state: 'sending', coded: false }, 0);
    one.moved(60, 0);
    one.stepped({ state: 'proving' }, 0);
    one.stepped({ state: 'checking' }, 0);
    expect(stateOf(one, 0)).toBe('sending 60 %');
    one.moved(100, 0);
    one.stepped({ state: 'proving' }, 0);
    expect(stateOf(one, 0)).toBe('sent, checking integrity');
  });

  it('say that the archive is back once something came in after the last file had to wait', () => {
    const batch = batchOf('a/1', 'a/2');
    for (const item of batch.items) item.become('kept', 5_000);
    expect(said(batch)).toMatch(/^2 files kept safely: the archive does not answer\./);
    batch.items[0]?.become('stored', 9_000);
    expect(said(batch)).toMatch(/^The archive answers again; still to be stored: 1 file/);
    batch.items[1]?.become('storing', 10_000);
    batch.items[1]?.become('kept', 11_000);
    expect(said(batch)).toMatch(/^1 file kept safely: the archive does not answer\./);
  });

  it('say that a folder held nothing to send', () => {
    const batch = batchOf('a/1');
    batch.items[0]?.become('skipped', 0, 'not an image');
    expect(said(batch)).toBe('Nothing to send: 1 skipped.');
  });
});

describe('rows', () => {
  it('show what somebody must look at before what was left out on purpose', () => {
    const batch = batchOf('a/1', 'a/2', 'a/3');
    batch.items[0]?.become('skipped', 0, 'not an image');
    batch.items[2]?.become('refused', 0, 'It breaks off.');
    const rows = rowsOf(batch, { problemsOnly: true, toggled: new Set() });
    expect(rows.map((row) => row.kind === 'item' && row.item.name)).toEqual(['3', '1']);
  });

  it('are folders when there are many files, files of those the reader opens', () => {
    const many = Array.from({ length: 100 }, (_, n) => `DISC/IM/${n}`);
    const batch = batchOf(...many, 'DISC/README');
    const closed = rowsOf(batch, { problemsOnly: false, toggled: new Set() });
    expect(closed.map(({ kind }) => kind)).toEqual(['folder', 'folder']);
    const opened = rowsOf(batch, { problemsOnly: false, toggled: new Set(['DISC/IM']) });
    expect(opened).toHaveLength(102);
  });

  it('are drawn only where they can be seen', () => {
    expect(windowOf(10_000, 20, 4_000, 400)).toEqual({ first: 196, last: 224 });
    expect(windowOf(3, 20, 0, 400)).toEqual({ first: 0, last: 3 });
    expect(windowOf(0, 20, 0, 400)).toEqual({ first: 0, last: 0 });
  });
});
