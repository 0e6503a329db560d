/** Two versions of one image, side by side; a person decides which stays. */
import { el } from '../dom.ts';
import { recognised } from '../errors.ts';
import type { Toasts } from '../toasts.ts';
import type { Transport } from '../transport.ts';
import { type Conflict, conflict as conflictOf, decide } from './answers.ts';
import { ask } from './dialog.ts';
import { bytes } from './words.ts';

type Choice = 'keep_archive' | 'replace';

interface Place {
  readonly transport: Transport;
  readonly toasts: Toasts;
  readonly host: HTMLElement;
}

const DONE: Readonly<Record<Choice, string>> = {
  keep_archive: 'The archive keeps its version; the uploaded one is dropped.',
  replace: 'The archive’s version is being replaced by the uploaded one.',
};

function sides({ archive, uploaded, tags }: Conflict): HTMLElement {
  const facts = [
    ['Size', archive === null ? 'gone' : bytes(archive.size), bytes(uploaded.size)],
    ['MD5', archive?.md5 ?? 'not kept', uploaded.md5 ?? ''],
    ...tags.map(({ name, archive, uploaded }) => [name, archive, uploaded]),
  ];
  const row = ([name = '', here = '', there = '']: readonly string[]) =>
    el(
      'tr',
      { class: here === there ? null : 'differs' },
      el('th', { scope: 'row' }, name),
      el('td', {}, here),
      el('td', {}, there),
    );
  const head = ['', 'In the archive', 'Uploaded'].map((text) => el('th', { scope: 'col' }, text));
  return el(
    'div',
    { class: 'conflict-sides' },
    el('table', {}, el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...facts.map(row))),
  );
}

function deadline({ decide_by }: Conflict): HTMLElement {
  if (decide_by === undefined) return el('p', { hidden: true });
  const day = new Date(decide_by * 1000).toISOString().slice(0, 10);
  const words = `Undecided on ${day}, the archive keeps its own and the uploaded one is removed.`;
  return el('p', { class: 'conflict-deadline' }, words);
}

export async function showConflict(place: Place, id: number, decided: () => void): Promise<void> {
  const watch = { signal: new AbortController().signal };
  try {
    const found = await conflictOf(place.transport, id, watch);
    const same = found.tags.every(({ archive, uploaded }) => archive === uploaded);
    const words = same
      ? 'Both carry the same identifiers and the same header; their contents differ.'
      : 'Both carry the same identifiers, but they differ. What differs is marked.';
    const choice = await ask<Choice>({
      title: 'Two versions of one image',
      host: place.host,
      className: 'conflict',
      body: [el('p', {}, words), sides(found), deadline(found)],
      answers: [
        { label: 'Decide later', className: '', answer: () => null },
        { label: 'Keep the archive’s', className: 'primary', answer: () => 'keep_archive' },
        { label: 'Replace by the uploaded', className: 'danger', answer: () => 'replace' },
      ],
    });
    if (choice === null) return;
    await decide(place.transport, id, choice, watch);
    place.toasts.say('upload', 'good', DONE[choice]);
    decided();
  } catch (thrown) {
    const error = recognised(thrown);
    place.toasts.say('upload', 'bad', `${error.title}. ${error.message}`);
  }
}
