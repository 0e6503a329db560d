import { describe, expect, it } from 'vitest';
import { Ledger, type Store } from './ledger.ts';

const id = (n: number): string => n.toString(16).padStart(32, '0');
const FILE = { path: 'DISC/DOE^JANE/IM0001', size: 512, modified: 1_700_000_000_000 };

class Drawer implements Store {
  content: string | null = null;
  getItem = () => this.content;
  setItem = (_: string, value: string) => {
    this.content = value;
  };
  removeItem = () => {
    this.content = null;
  };
}

describe('what is kept in the browser', () => {
  it('survives a reload', () => {
    const drawer = new Drawer();
    const before = new Ledger(drawer, 'salt');
    before.opened(id(1), { key: 'k', expected: 5 });
    before.began(before.fingerprint(FILE), id(1), id(2));
    const after = new Ledger(drawer, 'other salt');
    expect(after.batches).toEqual([[id(1), { key: 'k', expected: 5 }]]);
    expect(after.upload(after.fingerprint(FILE), id(1))).toBe(id(2));
  });

  it('names no file', () => {
    const drawer = new Drawer();
    const ledger = new Ledger(drawer, 'salt');
    ledger.opened(id(1), { key: 'k', expected: 5 });
    ledger.began(ledger.fingerprint(FILE), id(1), id(2));
    expect(drawer.content).not.toMatch(/DOE|JANE|IM0001|DISC/);
  });

  it('is gone when everything is sent', () => {
    const drawer = new Drawer();
    const ledger = new Ledger(drawer, 'salt');
    ledger.opened(id(1), { key: 'k', expected: 5 });
    ledger.began(ledger.fingerprint(FILE), id(1), id(2));
    ledger.closed(id(1));
    expect(drawer.content).toBeNull();
  });

  it('does not take a changed file or another batch for the same', () => {
    const ledger = new Ledger(new Drawer(), 'salt');
    ledger.began(ledger.fingerprint(FILE), id(1), id(2));
    expect(ledger.upload(ledger.fingerprint({ ...FILE, modified: 1 }), id(1))).toBeNull();
    expect(ledger.upload(ledger.fingerprint({ ...FILE, size: 1 }), id(1))).toBeNull();
    expect(ledger.upload(ledger.fingerprint(FILE), id(3))).toBeNull();
  });

  it.each(['{', '[]', '{"salt":1}', '{"salt":"s","batches":{"../x":{}},"uploads":{}}'])(
    'begins anew on %s',
    (content) => {
      const drawer = new Drawer();
      drawer.content = content;
      expect(new Ledger(drawer, 'salt').batches).toEqual([]);
    },
  );

  it('does without a store', () => {
    const ledger = new Ledger(null, 'salt');
    ledger.began(ledger.fingerprint(FILE), id(1), id(2));
    expect(ledger.upload(ledger.fingerprint(FILE), id(1))).toBe(id(2));
  });
});
