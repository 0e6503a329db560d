import { describe, expect, it } from 'vitest';
import { digestHere } from '../digest.ts';
import type { Proven } from '../proven.ts';
import { dicom, idOf, instanceOf, seriesOf } from '../testing.ts';
import { through } from './device.ts';
import type { Drawer, Entry } from './drawer.ts';
import { Seal, type Sealed } from './seal.ts';
import { Vault, type Wanted } from './vault.ts';

const LIMITS = { bytes: 20_000, seconds: 60 };

/** As the browser's database keeps it, in memory. */
class Box {
  readonly entries = new Map<string, Entry>();
  readonly files = new Map<string, Sealed>();
  readonly titles = new Map<string, Sealed>();
  owner = '';

  belongsTo(owner: string): Promise<void> {
    if (owner !== this.owner)
      for (const each of [this.entries, this.files, this.titles]) each.clear();
    this.owner = owner;
    return Promise.resolve();
  }

  file = (name: string) => Promise.resolve(this.files.get(name) ?? null);
  title = (study: string) => Promise.resolve(this.titles.get(study) ?? null);
  touch(name: string, used: number): Promise<void> {
    const entry = this.entries.get(name);
    if (entry !== undefined) this.entries.set(name, { ...entry, used });
    return Promise.resolve();
  }

  put(entry: Entry, file: Sealed, title: Sealed): Promise<void> {
    this.entries.set(entry.name, entry);
    this.files.set(entry.name, file);
    this.titles.set(entry.study, title);
    return Promise.resolve();
  }

  drop(names: readonly string[]): Promise<void> {
    for (const name of names) {
      this.entries.delete(name);
      this.files.delete(name);
    }
    return Promise.resolve();
  }
}

const secret = (seed: number) => new Uint8Array(32).fill(seed);
const { study } = seriesOf(1);

function file(number: number): { wanted: Wanted; proven: Proven; bytes: Uint8Array } {
  const { bytes, md5 } = dicom(4_096, number);
  const wanted = { ...instanceOf(number, { md5 }), study };
  const proven = {
    bytes,
    md5,
    converted: null,
    requestId: 'r',
    syntax: '',
    integrity: 'md5',
  } as const;
  return { wanted, proven, bytes: bytes.slice() };
}

async function bench(box = new Box(), seed = 1) {
  let now = 0;
  const drawer = box as unknown as Drawer;
  const seal = await Seal.of(secret(seed));
  const vault = await Vault.opened(drawer, seal, digestHere, LIMITS, () => now);
  const later = (ms: number) => {
    now += ms;
  };
  return { box, vault, later };
}

describe('vault', () => {
  it('gives back the very bytes, proven again', async () => {
    const { vault } = await bench();
    const { wanted, proven, bytes } = file(1);
    await vault.keep(wanted, proven);
    const found = await vault.take(wanted);
    expect(found?.bytes).toEqual(bytes);
    expect(found).toMatchObject({ integrity: 'md5', converted: null, md5: wanted.md5 });
  });

  it('keeps a file whose digest came with its bytes and not with the list', async () => {
    const { vault } = await bench();
    const { wanted, proven } = file(1);
    await vault.keep({ ...wanted, md5: null }, { ...proven, integrity: 'length' });
    expect(await vault.take(wanted)).toBeNull();
    await vault.keep({ ...wanted, md5: null }, proven);
    expect(await vault.take(wanted)).toMatchObject({ integrity: 'md5', md5: wanted.md5 });
  });

  it('keeps no word of the patient and no byte of the image readable', async () => {
    const { vault, box } = await bench();
    const { wanted, proven } = file(1);
    await vault.keep(wanted, proven);
    const everything = [...box.entries.values(), ...box.titles.keys()].map((one) =>
      JSON.stringify(one),
    );
    for (const { data } of [...box.files.values(), ...box.titles.values()])
      everything.push(new TextDecoder('latin1').decode(data));
    for (const hidden of ['Test', 'CASE', 'DICM', wanted.id, idOf(90_000), String(wanted.md5)])
      expect(everything.join()).not.toContain(hidden);
    expect((await vault.holdings())[0]?.title).toContain('TEST');
  });

  it('refuses what was changed on the device, and forgets it', async () => {
    const { vault, box } = await bench();
    const { wanted, proven } = file(1);
    await vault.keep(wanted, proven);
    for (const { data } of box.files.values()) new Uint8Array(data).fill(7, 900, 901);
    expect(await vault.take(wanted)).toBeNull();
    expect(box.files.size).toBe(0);
  });

  it('does not give one image for another whose place was exchanged', async () => {
    const { vault, box } = await bench();
    const [one, other] = [file(1), file(2)];
    await vault.keep(one.wanted, one.proven);
    await vault.keep(other.wanted, other.proven);
    const [[first, a], [second, b]] = [...box.files] as [[string, Sealed], [string, Sealed]];
    box.files.set(first, b).set(second, a);
    expect(await vault.take(one.wanted)).toBeNull();
    expect(await vault.take(other.wanted)).toBeNull();
  });

  it('knows nothing of a file that the archive replaced', async () => {
    const { vault } = await bench();
    const { wanted, proven } = file(1);
    await vault.keep(wanted, proven);
    expect(await vault.take({ ...wanted, md5: 'f'.repeat(32) })).toBeNull();
  });

  it('is empty for the next session, whose key is another', async () => {
    const { vault, box } = await bench();
    const { wanted, proven } = file(1);
    await vault.keep(wanted, proven);
    const next = await bench(box, 2);
    expect(box.files.size).toBe(0);
    expect(await next.vault.take(wanted)).toBeNull();
  });

  it('lets the longest unused make way, and everything go in time', async () => {
    const { vault, later } = await bench();
    const files = [1, 2, 3, 4, 5].map(file);
    for (const { wanted, proven } of files.slice(0, 4)) {
      await vault.keep(wanted, proven);
      later(10);
    }
    await vault.take(files[0]?.wanted as Wanted);
    await vault.keep(files[4]?.wanted as Wanted, files[4]?.proven as Proven);
    const here = await Promise.all(files.map(({ wanted }) => vault.take(wanted)));
    expect(here.map((one) => one !== null)).toEqual([true, false, true, true, true]);
    later(61_000);
    expect(await vault.holdings()).toEqual([]);
  });

  it('removes one study and leaves the others', async () => {
    const { vault } = await bench();
    const [one, other] = [file(1), file(2)];
    await vault.keep(one.wanted, one.proven);
    await vault.keep({ ...other.wanted, study: { ...study, id: idOf(7) } }, other.proven);
    const [first] = await vault.holdings();
    await vault.forget(String(first?.study));
    expect(await vault.holdings()).toHaveLength(1);
  });
});

const desk = (vault: Vault, unkept: readonly string[] = []) => ({
  vault: Promise.resolve(vault),
  unkept: new Set(unkept),
});

describe('through', () => {
  it('keeps nothing of a study that was opened in an emergency', async () => {
    const { vault } = await bench();
    const { wanted, proven } = file(1);
    await through(desk(vault, [study.id]), wanted, () => Promise.resolve(proven));
    expect(await vault.holdings()).toEqual([]);
  });

  it('fetches once, and a vault that fails costs nothing but a fetch', async () => {
    const { vault } = await bench();
    const { wanted, proven } = file(1);
    let fetched = 0;
    const bring = () => {
      fetched += 1;
      return Promise.resolve({ ...proven, bytes: proven.bytes.slice() });
    };
    await through(desk(vault), wanted, bring);
    await expect.poll(async () => (await vault.holdings()).length).toBe(1);
    await through(desk(vault), wanted, bring);
    expect(fetched).toBe(1);
    const broken = { take: () => Promise.reject(new Error('gone')), keep: () => Promise.reject() };
    await through(desk(broken as unknown as Vault), wanted, bring);
    await through({ vault: null, unkept: new Set<string>() }, wanted, bring);
    expect(fetched).toBe(3);
  });
});
