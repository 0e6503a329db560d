import { expect, it } from 'vitest';
import { Preferences } from './preferences.ts';

function browser(kept: Record<string, string> = {}) {
  const held = new Map(Object.entries(kept));
  return {
    held,
    get length() {
      return held.size;
    },
    key: (at: number) => [...held.keys()][at] ?? null,
    getItem: (name: string) => held.get(name) ?? null,
    setItem: (name: string, value: string) => void held.set(name, value),
    removeItem: (name: string) => void held.delete(name),
  };
}

function server(preferences: Record<string, string | null> = {}) {
  const told: unknown[] = [];
  return {
    told,
    json: async () => ({ preferences }),
    change: async (_method: string, _path: string, body: unknown) => {
      told.push(body);
      Object.assign(preferences, body);
      return null;
    },
  };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

it('takes what the server keeps of the reader, and says that it did', async () => {
  const storage = browser({ 'pacs-preference:theme': 'light', 'pacs-preference:columns': '' });
  const preferences = new Preferences(storage);
  let changes = 0;
  preferences.addEventListener('change', () => {
    changes += 1;
  });
  await preferences.follow(server({ 'layout:CT': '2 × 2', columns: '' }));
  expect(preferences.getItem('layout:CT')).toBe('2 × 2');
  expect([...storage.held.keys()].sort()).toEqual([
    'pacs-preference:columns',
    'pacs-preference:layout:CT',
  ]);
  expect(changes).toBe(1);
});

it('tells the server what is chosen, before it was asked and after, and nothing else', async () => {
  const line = server({ theme: 'light' });
  const preferences = new Preferences(browser());
  preferences.setItem('theme', 'dark');
  await preferences.follow(line);
  preferences.removeItem('theme');
  preferences.setItem('layout:made up', '1 × 2');
  await settled();
  expect(line.told).toEqual([{ theme: 'dark' }, { theme: null }]);
  expect(preferences.getItem('layout:made up')).toBe('1 × 2');
});

it('goes on as the browser knows it where the server does not answer', async () => {
  const away = () => Promise.reject(new Error('away'));
  const preferences = new Preferences(browser({ 'pacs-preference:theme': 'light' }));
  await preferences.follow({ json: away, change: away });
  expect(preferences.getItem('theme')).toBe('light');
});

it('keeps nothing of whoever signs out', () => {
  const storage = browser({ 'pacs-preference:theme': 'light', other: 'stays' });
  const preferences = new Preferences(storage);
  let seen: string | null = 'never told';
  preferences.addEventListener('change', () => {
    seen = preferences.getItem('theme');
  });
  preferences.forget();
  expect(seen).toBeNull();
  expect([...storage.held.keys()]).toEqual(['other']);
  expect(new Preferences(storage).getItem('theme')).toBeNull();
});

it('takes nothing more of whoever signed out, whatever was under way', async () => {
  const storage = browser({});
  const preferences = new Preferences(storage);
  let answer = (_: unknown): void => undefined;
  const json = () => new Promise((resolve) => (answer = resolve));
  const following = preferences.follow({ json, change: json });
  preferences.forget();
  answer({ preferences: { theme: 'light' } });
  await following;
  await preferences.follow({
    json: async () => ({ preferences: { theme: 'light' } }),
    change: json,
  });
  expect(preferences.getItem('theme')).toBeNull();
  expect([...storage.held.keys()]).toEqual([]);
});

it('counts for the visit where the browser keeps nothing', () => {
  const preferences = new Preferences(null);
  preferences.setItem('theme', 'light');
  expect(preferences.getItem('theme')).toBe('light');
});
