/** When which plane is cut out of the volume: the last that was asked for, coarse while the hand moves and time is short. */
import { coarser, cutOf, NAMES, type Name, type View } from './mpr-planes.ts';
import type { Volume } from './volume.ts';
import type { Through } from './volume-sheets.ts';
import type { Mode } from './volume-voxels.ts';
import type { Sliced } from './volume-worker.ts';

/** What a picture is to show. */
export interface Wish {
  readonly view: View;
  readonly index: number;
  readonly mode: Mode;
  readonly thickness: number;
  /** Counts how often other masks and contours were wanted. */
  readonly laid: number;
}

/** What was asked of the voxels: the words around a picture are those of its own request. */
export interface Asked extends Wish {
  /** Of the volume, when it was cut. */
  readonly revision: number;
  /** Its pixels are so many times larger than the plane's. */
  readonly coarse: number;
}

/** A picture of a volume that still grows is renewed this often. */
const RENEW_MS = 400;
/** A plane that takes longer is cut coarsely while it is moved. */
const QUICK_MS = 100;
const WANTED_MS = 50;
const COARSEST = 4;
/** Without a move the hand rests. */
const REST_MS = 200;

type Show = (name: Name, sliced: Sliced, asked: Asked) => void;

export class Cuts {
  private readonly busy = new Set<Name>();
  private readonly shown = new Map<Name, Asked>();
  /** Milliseconds that a plane takes in full. */
  private readonly costs = new Map<Name, number>();
  private drawn = 0;
  private renewal = 0;
  private resting = 0;
  private isClosed = false;

  constructor(
    private readonly volume: Volume,
    private readonly wish: (name: Name) => Wish,
    /** What lies in a plane beside its values. */
    private readonly through: (view: View, index: number) => Through | null,
    private readonly show: Show,
  ) {}

  close(): void {
    this.isClosed = true;
    clearTimeout(this.renewal);
    clearTimeout(this.resting);
  }

  /** The planes were moved by hand. */
  moved(): void {
    clearTimeout(this.resting);
    this.resting = window.setTimeout(() => {
      this.resting = 0;
      this.all();
    }, REST_MS);
    this.all();
  }

  all(): void {
    for (const name of NAMES) if (!this.isShown(name)) void this.renew(name);
  }

  /** Until every view shows all that came. */
  grew(): void {
    if (this.renewal !== 0) return;
    this.renewal = window.setTimeout(() => {
      this.renewal = 0;
      const stale = NAMES.filter((name) => this.isStale(name));
      for (const name of stale) void this.renew(name);
      if (stale.length > 0) this.grew();
    }, RENEW_MS);
  }

  /** Everything asked for is on screen, in full. */
  get isSettled(): boolean {
    return NAMES.every((name) => {
      const isWhole = this.shown.get(name)?.coarse === 1;
      return isWhole && !this.busy.has(name) && this.isShown(name) && !this.isStale(name);
    });
  }

  get told() {
    return { drawn: this.drawn, ms: Object.fromEntries(this.costs) };
  }

  private isStale(name: Name): boolean {
    return this.shown.get(name)?.revision !== this.volume.revision;
  }

  private isShown(name: Name): boolean {
    const shown = this.shown.get(name);
    const asked = this.asked(name);
    return shown !== undefined && isSame(shown, asked) && shown.coarse <= asked.coarse;
  }

  private asked(name: Name): Asked {
    const cost = this.costs.get(name) ?? 0;
    const isRough = this.resting !== 0 && cost > QUICK_MS;
    const coarse = isRough ? Math.min(COARSEST, Math.ceil(Math.sqrt(cost / WANTED_MS))) : 1;
    return { ...this.wish(name), revision: this.volume.revision, coarse };
  }

  private async renew(name: Name): Promise<void> {
    const { made } = this.volume;
    if (made === null || this.busy.has(name)) return;
    this.busy.add(name);
    do {
      const asked = this.asked(name);
      const { view, index, thickness, mode, coarse } = asked;
      const rough = coarser(view, coarse);
      const cut = cutOf(made.grid, rough, index, thickness, mode);
      const sliced = await this.volume.cut(cut, this.through(rough, index));
      if (this.isClosed) return;
      this.costs.set(name, sliced.ms * coarse ** 2);
      this.shown.set(name, asked);
      this.drawn += 1;
      this.show(name, sliced, asked);
    } while (!this.isShown(name));
    this.busy.delete(name);
  }
}

function isSame(one: Wish, other: Wish): boolean {
  const keys = ['view', 'index', 'mode', 'thickness', 'laid'] as const;
  return keys.every((key) => one[key] === other[key]);
}
