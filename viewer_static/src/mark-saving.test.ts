import { beforeEach, expect, it, vi } from 'vitest';
import type { Archived, ArchivedMark } from './api.ts';
import { ViewerError } from './errors.ts';
import { MarkSaving } from './mark-saving.ts';
import type { Markbook } from './markbook.ts';
import type { Watch } from './persist.ts';
import { settled } from './testing.ts';
import { type FakeNode, fakeDocument } from './testing-page.ts';
import type { Toasts } from './toasts.ts';
import type { Transport } from './transport.ts';

beforeEach(() => vi.stubGlobal('document', fakeDocument()));

const report = (made: string, ...ids: string[]) =>
  ({ made, observer: '', marks: ids.map((id) => ({ id })) }) as unknown as Archived;

/** Remembers what is drawn; no picture is needed for that. */
class Book extends EventTarget {
  base: string | null = null;
  ids: string[] = [];

  join({ made, marks }: Archived): void {
    this.base = made;
    this.ids = [...new Set([...this.ids, ...marks.map(({ id }) => id)])];
  }

  forArchive(): ArchivedMark[] {
    return this.ids.map((id) => ({ id }) as ArchivedMark);
  }

  signature(marks: readonly ArchivedMark[]): string {
    return marks.map(({ id }) => id).join();
  }
}

function scene() {
  const waiting: Record<string, (answer: unknown) => void> = {};
  const sent: Record<string, string> = {};
  const asked = (what: string, { signal }: Watch) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new ViewerError('cancelled')));
      waiting[what] = (answer) =>
        answer instanceof ViewerError ? reject(answer) : resolve(answer);
    });
  const nameOf = (path: string) => path.split('/').at(-2) ?? '';
  const transport = {
    json: (path: string, watch: Watch) => asked(`GET ${nameOf(path)}`, watch),
    change: (_: string, path: string, { marks }: { marks: ArchivedMark[] }, watch: Watch) => {
      sent[nameOf(path)] = marks.map(({ id }) => id).join();
      return asked(`POST ${nameOf(path)}`, watch);
    },
  } as unknown as Transport;
  const book = new Book();
  const said: string[] = [];
  const toasts = { say: (_: string, __: string, words: string) => said.push(words) };
  const saving = new MarkSaving(
    transport,
    book as unknown as Markbook,
    toasts as unknown as Toasts,
  );
  const node = saving.node as unknown as FakeNode;
  const come = async (what: string, answer: unknown = null) => {
    waiting[what]?.(answer);
    await settled();
  };
  const save = async () => {
    node.press('Save in the archive');
    await settled();
  };
  return { saving, book, said, sent, node, come, save };
}

it('nothing is saved in place of what was saved before, as long as that has not come', async () => {
  const { saving, book, sent, come, save } = scene();
  void saving.open('a');
  book.ids = ['new'];
  await save();
  expect(sent).toEqual({});
  await come('GET a', report('1', 'old'));
  expect(sent).toEqual({ a: 'new,old' });
});

it('what could not be asked for is asked for again before anything is saved', async () => {
  const { saving, book, said, sent, come, save } = scene();
  void saving.open('a');
  await come('GET a', new ViewerError('server'));
  expect(said).toHaveLength(1);
  book.ids = ['new'];
  await save();
  expect(sent).toEqual({});
  await come('GET a', report('1', 'old'));
  expect(sent).toEqual({ a: 'new,old' });
});

it('who leaves while it is saved has saved it, and the next study hears nothing of it', async () => {
  const { saving, book, said, node, come, save } = scene();
  void saving.open('a');
  await come('GET a', report('1', 'old'));
  book.ids = ['old', 'new'];
  await save();
  expect(node.textContent).toContain('Saving …');
  book.ids = [];
  void saving.open('b');
  await come('GET b', { made: null, observer: '', marks: [] });
  expect(node.textContent).toContain('Kept in this browser only.');
  await come('POST a');
  await come('GET a', report('2', 'old', 'new'));
  expect(said).toEqual([]);
  expect(book.base).toBeNull();
  expect(node.textContent).toContain('Kept in this browser only.');
});

it('who leaves when it is saved is not told that it was not', async () => {
  const { saving, book, said, come, save } = scene();
  void saving.open('a');
  await come('GET a', report('1', 'old'));
  book.ids = ['old', 'new'];
  await save();
  await come('POST a');
  saving.close();
  await settled();
  expect(said).toEqual([]);
});

it('a save that fails after its reader left is said all the same', async () => {
  const { saving, book, said, come, save } = scene();
  void saving.open('a');
  await come('GET a', report('1', 'old'));
  book.ids = ['old', 'new'];
  await save();
  saving.close();
  await come('POST a', new ViewerError('server'));
  expect(said).toEqual([expect.stringContaining('The measurements were not saved.')]);
});
