/** How the study list lies on the page, and how far it may be trusted. */
import type { StudyPage } from './api.ts';
import { el } from './dom.ts';

export interface Parts {
  readonly head: readonly HTMLElement[];
  readonly body: readonly HTMLElement[];
  /** The range first; the ways to other pages come after it. */
  readonly foot: readonly HTMLElement[];
  readonly upload: HTMLElement;
}

const SIDES = {
  links: 'Links',
  sessions: 'Sessions',
  tokens: 'Tokens',
  users: 'Users',
  audit: 'Audit',
};

export function listPage({ head, body, foot, upload }: Parts): HTMLElement {
  const sides = Object.entries(SIDES).map(([name, label]) =>
    el('a', { class: `side-link ${name}-link`, href: `#/${name}` }, label),
  );
  const figures = el('a', { class: 'figures-link', href: '#/figures' }, 'Figures');
  const [range, ...rest] = foot;
  const pager = el('footer', { class: 'pager' }, range ?? null, ...sides, figures, ...rest);
  const title = el('div', { class: 'list-title' }, el('h1', {}, 'Studies'), upload);
  const top = el('header', { class: 'list-head' }, title, ...head);
  return el('main', { class: 'list' }, top, el('div', { class: 'list-body' }, ...body), pager);
}

/** How far the list may be trusted, when that is not entirely. */
export function aged(page: StudyPage): string {
  if (page.as_of !== undefined && page.as_of !== null) {
    const when = new Date(page.as_of * 1_000).toLocaleTimeString('en-GB');
    return `The archive does not answer. This is the list as of ${when}.`;
  }
  if (page.sorted === false) {
    return 'The list is being read for the first time; until then it cannot be sorted.';
  }
  return '';
}

/** Why the list is empty; of an archive that is away nobody knows what it holds. */
export function noStudies({ items, as_of }: StudyPage, searched: boolean): string {
  if (items.length > 0) return '';
  if (searched) return 'No study matches this search.';
  return (as_of ?? null) === null ? 'The archive holds no studies yet.' : '';
}
