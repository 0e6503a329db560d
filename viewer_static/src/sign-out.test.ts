import { beforeEach, expect, it, vi } from 'vitest';
import { Gate } from './gate.ts';
import { FakeClock, settled } from './testing.ts';
import { FakeNode, fakeDocument } from './testing-page.ts';

let page = new EventTarget();

beforeEach(() => {
  page = new EventTarget();
  vi.stubGlobal('document', fakeDocument());
  vi.stubGlobal('window', page);
});

const { SignOut } = await import('./sign-out.ts');

const OWED = 'pacs-proxy.sign-out';
const STILL = 'you are still signed in on this browser';

/** A status, what the body says, or that none comes: at once, or never. */
type Said = number | object | 'broken' | 'mute';

function answered(said: Said, signal: AbortSignal): Promise<Response> {
  if (typeof said === 'number') return Promise.resolve(new Response(null, { status: said }));
  if (typeof said === 'object') return Promise.resolve(new Response(JSON.stringify(said)));
  return new Promise((_, reject) => {
    if (said === 'broken') reject(new TypeError('Failed to fetch'));
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

/** What one browser keeps for all its pages. */
class FakeStorage {
  readonly kept = new Map<string, string>();
  readonly getItem = (name: string) => this.kept.get(name) ?? null;
  readonly setItem = (name: string, value: string) => void this.kept.set(name, value);
  readonly removeItem = (name: string) => void this.kept.delete(name);
}

/** A page with a session, and a server that answers as the test says. */
function desk(storage = new FakeStorage(), token = 'a') {
  const clock = new FakeClock();
  const gate = new Gate();
  gate.token = token;
  const server: { who: Said; end: Said } = { who: { change_token: 'a' }, end: 204 };
  const ends: (string | null)[] = [];
  const fetch = (_: string, { method, headers, signal }: RequestInit) => {
    if (method !== 'DELETE') return answered(server.who, signal as AbortSignal);
    ends.push(new Headers(headers).get('X-Change-Token'));
    return answered(server.end, signal as AbortSignal);
  };
  const host = new FakeNode();
  const wake = new EventTarget();
  const acts = { clear: vi.fn(), forget: vi.fn(async () => {}), reload: vi.fn(), go: vi.fn() };
  const signOut = new SignOut({
    fetch: fetch as typeof globalThis.fetch,
    host: host as unknown as HTMLElement,
    ...{ gate, clock, storage, wake },
    ...acts,
  });
  const [dialog] = host.children as [FakeNode];
  return { signOut, server, ends, clock, gate, storage, wake, dialog, ...acts };
}

/** Who has pressed Sign out while nothing answers, and reads why it is not over. */
async function stuck() {
  const at = desk();
  at.server.who = 'broken';
  void at.signOut.leave();
  await settled();
  expect(at.dialog.textContent).toContain('The server does not answer');
  return at;
}

const elsewhere = (key: string, newValue: string | null) =>
  page.dispatchEvent(Object.assign(new Event('storage'), { key, newValue }));

it('covers, empties and locks the page before the server has said anything', async () => {
  const { signOut, server, gate, dialog, clear, forget, storage, reload } = desk();
  server.who = 'mute';
  void signOut.leave();
  expect(dialog.open).toBe(true);
  expect(gate.isShut).toBe(true);
  expect(clear).toHaveBeenCalledOnce();
  expect(forget).toHaveBeenCalledOnce();
  expect([...storage.kept]).toEqual([[OWED, '1']]);
  await settled();
  expect(reload).not.toHaveBeenCalled();
});

it('begins anew once the server has ended the session, and owes nothing more', async () => {
  const { signOut, ends, dialog, storage, reload, go } = desk();
  await signOut.leave();
  expect(ends).toEqual(['a']);
  expect(reload).toHaveBeenCalledOnce();
  expect(go).not.toHaveBeenCalled();
  expect(storage.kept.size).toBe(0);
  // The page may stay, for an upload's sake: it does not show what was there before.
  expect(dialog.open).toBe(true);
  expect(dialog.textContent).toContain('You are signed out.');
});

it('goes where the identity provider ends its own session', async () => {
  const { signOut, server, reload, go } = desk();
  server.end = { elsewhere: 'https://id.example/end' };
  await signOut.leave();
  expect(go).toHaveBeenCalledWith('https://id.example/end');
  expect(reload).not.toHaveBeenCalled();
});

it('takes a session that has ended by itself for signed out', async () => {
  const { signOut, server, ends, storage, reload } = desk();
  server.who = 401;
  await signOut.leave();
  expect(ends).toEqual([]);
  expect(reload).toHaveBeenCalledOnce();
  expect(storage.kept.size).toBe(0);
});

it('takes one that ends in between for signed out, too', async () => {
  const { signOut, server, reload } = desk();
  server.end = 401;
  await signOut.leave();
  expect(reload).toHaveBeenCalledOnce();
});

it.each([
  ['no answer', 'broken', 204, 'The server does not answer'],
  ['a broken line after the first question', { change_token: 'a' }, 'broken', 'does not answer'],
  ['a server in trouble', 503, 204, 'The server could not do it (HTTP 503)'],
  ['one that is in trouble when it matters', { change_token: 'a' }, 500, '(HTTP 500)'],
  ['a refusal', { change_token: 'a' }, 403, '(HTTP 403)'],
  ['a success without its words', { change_token: 'a' }, 200, 'The server does not answer'],
] as const)('does not take %s for the end', async (_, who, end, words) => {
  const { signOut, server, dialog, storage, reload, clock } = desk();
  Object.assign(server, { who, end });
  void signOut.leave();
  await settled();
  expect(dialog.textContent).toContain(words);
  expect(dialog.textContent).toContain(STILL);
  expect(dialog.textContent).toContain('do not close the browser');
  await clock.advance(60_000);
  expect(dialog.textContent).toContain(STILL);
  expect(reload).not.toHaveBeenCalled();
  expect(storage.kept.has(OWED)).toBe(true);
});

it('gives a server ten seconds to answer', async () => {
  const { signOut, server, dialog, clock } = desk();
  server.who = 'mute';
  void signOut.leave();
  await clock.advance(9_999);
  expect(dialog.textContent).not.toContain(STILL);
  await clock.advance(1);
  expect(dialog.textContent).toContain(STILL);
});

it('tries again by itself until it works', async () => {
  const { server, clock, dialog, reload } = await stuck();
  await clock.advance(60_000);
  server.who = { change_token: 'a' };
  expect(reload).not.toHaveBeenCalled();
  await clock.advance(3_000);
  expect(reload).toHaveBeenCalledOnce();
  expect(dialog.textContent).not.toContain(STILL);
});

it('tries again at a press, also while a try hangs', async () => {
  const { server, clock, dialog, reload } = await stuck();
  server.who = 'mute';
  await clock.advance(3_000);
  server.who = { change_token: 'a' };
  dialog.press('Try again');
  await settled();
  expect(reload).toHaveBeenCalledOnce();
});

it('tries again at once when the network is back', async () => {
  const { server, wake, reload } = await stuck();
  server.who = { change_token: 'a' };
  wake.dispatchEvent(new Event('wake'));
  await settled();
  expect(reload).toHaveBeenCalledOnce();
});

it('asks with a fresh token after a refusal', async () => {
  const { signOut, server, ends, clock, reload } = desk(new FakeStorage(), '');
  Object.assign(server, { who: { change_token: 'a' }, end: 403 });
  void signOut.leave();
  await settled();
  server.end = 204;
  await clock.advance(3_000);
  expect(ends).toEqual(['a', 'a']);
  expect(reload).toHaveBeenCalledOnce();
});

it('goes on in a page opened anew, which does not know whose session it was', async () => {
  const { storage } = await stuck();
  const opened = desk(storage, '');
  expect(opened.signOut.isOwed).toBe(true);
  await opened.signOut.begin();
  expect(opened.ends).toEqual(['a']);
  expect(opened.signOut.isOwed).toBe(false);
});

it('is owed no longer where somebody has signed in since', async () => {
  const { signOut, storage } = await stuck();
  signOut.replaced();
  expect(desk(storage, '').signOut.isOwed).toBe(false);
});

it('does not end the session of somebody who has signed in since', async () => {
  const { server, ends, clock, reload } = await stuck();
  server.who = { change_token: 'b' };
  await clock.advance(3_000);
  expect(ends).toEqual([]);
  expect(reload).toHaveBeenCalledOnce();
});

it('covers the other pages of the browser until it is over, and they keep what they had', async () => {
  const { signOut, server, dialog, gate, storage, clear, clock, reload } = desk();
  const over = vi.fn();
  signOut.addEventListener('over', over);
  server.who = 'broken';
  storage.setItem(OWED, '1');
  elsewhere(OWED, '1');
  await clock.advance(60_000);
  expect(signOut.isUnderWay).toBe(true);
  expect(dialog.open).toBe(true);
  expect(dialog.textContent).toContain(STILL);
  expect(gate.isShut).toBe(true);
  expect(over).not.toHaveBeenCalled();
  server.who = 401;
  await clock.advance(3_000);
  expect(signOut.isUnderWay).toBe(false);
  expect(dialog.open).toBe(false);
  expect(gate.isShut).toBe(true);
  expect(over).toHaveBeenCalledOnce();
  expect(clear).not.toHaveBeenCalled();
  expect(reload).not.toHaveBeenCalled();
});

it('leaves it to the page that signs out to hear where else to do so, unless that fails', async () => {
  const { server, clock, storage, ends, go } = desk();
  server.end = { elsewhere: 'https://id.example/end' };
  storage.setItem(OWED, '1');
  elsewhere(OWED, '1');
  await clock.advance(2_999);
  expect(ends).toEqual([]);
  await clock.advance(1);
  expect(go).toHaveBeenCalledWith('https://id.example/end');
});

it('has another page ask who is here when it hears of it after the end', () => {
  const { signOut, gate, dialog } = desk();
  elsewhere(OWED, '1');
  expect(gate.isShut).toBe(true);
  expect(dialog.open).toBe(false);
  expect(signOut.isUnderWay).toBe(false);
});

it('takes nothing else that other pages keep for a sign-out', () => {
  const { gate, storage } = desk();
  storage.setItem(OWED, '1');
  elsewhere('pacs-preference:theme', 'light');
  elsewhere(OWED, null);
  expect(gate.isShut).toBe(false);
});

it('works in a browser that keeps nothing', async () => {
  const storage = new FakeStorage();
  Object.assign(storage, {
    setItem: () => {
      throw new DOMException('full', 'QuotaExceededError');
    },
  });
  const { signOut, reload } = desk(storage);
  await signOut.leave();
  expect(reload).toHaveBeenCalledOnce();
});

it('ends the session even where the device does not forget', async () => {
  const { signOut, forget, ends, reload } = desk();
  forget.mockRejectedValue(new Error('no database'));
  await signOut.leave();
  expect(ends).toEqual(['a']);
  expect(reload).toHaveBeenCalledOnce();
});

it('asks once however often it is begun', async () => {
  const { signOut, ends, reload } = desk();
  await Promise.all([signOut.leave(), signOut.leave(), signOut.begin()]);
  expect(ends).toEqual(['a']);
  expect(reload).toHaveBeenCalledOnce();
});

it('a guest closes a study, is told the same way, and finds the page again', async () => {
  const { signOut, server, clock, dialog, gate, storage, clear, forget, reload } = desk();
  server.end = 'broken';
  const closed = signOut.close();
  await settled();
  expect(storage.kept.has(OWED)).toBe(true);
  expect(gate.isShut).toBe(true);
  expect(clear).toHaveBeenCalledOnce();
  expect(dialog.textContent).toContain('the study can still be opened on this browser');
  server.end = 204;
  await clock.advance(3_000);
  await closed;
  expect(dialog.open).toBe(false);
  expect(signOut.isUnderWay).toBe(false);
  expect(storage.kept.size).toBe(0);
  expect(forget).not.toHaveBeenCalled();
  expect(reload).not.toHaveBeenCalled();
});
