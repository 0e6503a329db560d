/** Verified files kept on this device: sealed under the session's key, bounded, and proven anew when read. */
import type { Study } from '../api.ts';
import type { Digest } from '../digest.ts';
import { type Expected, objection, proof } from '../instance.ts';
import { type Proven, storedMd5 } from '../proven.ts';
import { date, personName } from '../text.ts';
import type { Drawer, Entry } from './drawer.ts';
import type { Seal } from './seal.ts';

export interface Limits {
  readonly bytes: number;
  readonly seconds: number;
}

/** What is kept of a study, for its reader's eyes. */
export interface Holding {
  readonly study: string;
  readonly title: string;
  readonly images: number;
  readonly bytes: number;
  /** When the last of it goes, in ms since 1970. */
  readonly until: number;
}

interface About {
  readonly converted: string | null;
  readonly integrity: 'md5' | 'length';
  readonly md5: string;
  readonly syntax: string;
}

export type Wanted = Expected & { readonly study?: Study };

const HEAD = 4;
const TITLE = 'title';

/** Title and study, as one line. */
function titleOf(study: Study): string {
  const { main } = personName(study.patient_name);
  return [main, date(study.study_date), study.description]
    .filter((part) => part !== '')
    .join(' · ');
}

function packed(about: About, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const words = new TextEncoder().encode(JSON.stringify(about));
  const whole = new Uint8Array(HEAD + words.length + bytes.length);
  new DataView(whole.buffer).setUint32(0, words.length);
  whole.set(words, HEAD);
  whole.set(bytes, HEAD + words.length);
  return whole;
}

function unpacked(whole: Uint8Array<ArrayBuffer>): [About, Uint8Array<ArrayBuffer>] {
  const length = new DataView(whole.buffer, whole.byteOffset).getUint32(0);
  const words = whole.subarray(HEAD, HEAD + length);
  return [JSON.parse(new TextDecoder().decode(words)) as About, whole.slice(HEAD + length)];
}

export class Vault {
  private constructor(
    private readonly drawer: Drawer,
    private readonly seal: Seal,
    private readonly digest: Digest,
    private readonly limits: Limits,
    private readonly now: () => number,
  ) {}

  /** What another session left cannot be read by anybody any more, and goes. */
  static async opened(
    drawer: Drawer,
    seal: Seal,
    digest: Digest,
    limits: Limits,
    now: () => number,
  ): Promise<Vault> {
    await drawer.belongsTo(await seal.name('this session'));
    const vault = new Vault(drawer, seal, digest, limits, now);
    await vault.tidy();
    return vault;
  }

  /** The file, proven again; null when it is not here, or not as it was. */
  async take(wanted: Wanted): Promise<Proven | null> {
    const name = await this.nameOf(wanted);
    const entry = name === null ? undefined : this.drawer.entries.get(name);
    if (name === null || entry === undefined) return null;
    const found = entry.until > this.now() ? await this.read(name, wanted) : null;
    if (found === null) await this.drawer.drop([name]);
    else await this.drawer.touch(name, this.now());
    return found;
  }

  /** Whatever goes wrong here costs nothing but the next fetch. */
  async keep(wanted: Wanted, proven: Proven): Promise<void> {
    // The bytes are about to be handed to the decoder: they are copied before anything is waited for.
    const { converted, integrity, md5, syntax } = proven;
    const whole = packed({ converted, integrity, md5, syntax }, proven.bytes);
    const { study } = wanted;
    const name = await this.nameOf({ ...wanted, md5: storedMd5(wanted, proven) });
    if (name === null || study === undefined || whole.length > this.limits.bytes / 2) return;
    const owner = await this.seal.name(`study ${study.id}`);
    await this.room(whole.length);
    const sealed = await this.seal.shut(name, whole);
    const now = this.now();
    const until = now + 1_000 * this.limits.seconds;
    const entry: Entry = { name, study: owner, bytes: whole.length, used: now, until };
    const words = new TextEncoder().encode(titleOf(study));
    await this.drawer.put(entry, sealed, await this.seal.shut(`${owner}${TITLE}`, words));
  }

  async holdings(): Promise<Holding[]> {
    await this.tidy();
    const byStudy = new Map<string, Entry[]>();
    for (const entry of this.drawer.entries.values())
      byStudy.set(entry.study, [...(byStudy.get(entry.study) ?? []), entry]);
    return Promise.all([...byStudy].map(([study, entries]) => this.holding(study, entries)));
  }

  async forget(study: string): Promise<void> {
    const names = [...this.drawer.entries.values()].filter((entry) => entry.study === study);
    await this.drawer.drop(names.map(({ name }) => name));
  }

  private async holding(study: string, entries: readonly Entry[]): Promise<Holding> {
    const sealed = await this.drawer.title(study);
    const words = sealed === null ? null : await this.seal.open(`${study}${TITLE}`, sealed);
    return {
      study,
      title: words === null ? 'A study' : new TextDecoder().decode(words),
      images: entries.length,
      bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
      until: Math.max(...entries.map(({ until }) => until)),
    };
  }

  /** Another file under the same identifier has another name; without a digest nothing is kept. */
  private async nameOf({ id, md5, size }: Wanted): Promise<string | null> {
    return md5 === null ? null : this.seal.name(`file ${id} ${md5} ${size}`);
  }

  private async read(name: string, wanted: Wanted): Promise<Proven | null> {
    const sealed = await this.drawer.file(name);
    const whole = sealed === null ? null : await this.seal.open(name, sealed);
    if (whole === null) return null;
    const [about, plain] = unpacked(whole);
    const { bytes, md5 } = await this.digest(plain);
    const { converted, integrity, syntax } = about;
    const announced = { length: bytes.length, md5: about.md5, converted, integrity };
    const isWhole = converted !== null || bytes.length === wanted.size;
    if (!isWhole || objection(bytes, md5, wanted, announced) !== null) return null;
    const kind = integrity === 'length' ? 'length' : proof(wanted, announced);
    return { bytes, converted, integrity: kind, requestId: null, md5, syntax };
  }

  private async tidy(): Promise<void> {
    const over = [...this.drawer.entries.values()].filter(({ until }) => until <= this.now());
    await this.drawer.drop(over.map(({ name }) => name));
  }

  /** The longest unused make way. */
  private async room(bytes: number): Promise<void> {
    const entries = [...this.drawer.entries.values()].sort((one, other) => one.used - other.used);
    let over = entries.reduce((sum, entry) => sum + entry.bytes, bytes) - this.limits.bytes;
    const going: string[] = [];
    for (const entry of entries) {
      if (over <= 0) break;
      over -= entry.bytes;
      going.push(entry.name);
    }
    await this.drawer.drop(going);
  }
}
