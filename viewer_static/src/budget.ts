/** One link for all that is open: visible pictures first, whichever viewport they belong to. */

/** One of the browser's six connections stays free for status and lists. */
export const SLOTS = 5;
/** Fill a narrow link as well; when it breaks, less is on its way. */
export const FEW = 3;

/** The loads of one viewport. */
export interface Party {
  readonly size: number;
  readonly isUrgent: boolean;
  /** Drops a load nobody looks at; false when there is none. */
  yieldOne(): boolean;
  prefetch(): void;
}

export class Budget {
  private readonly members = new Set<Party>();
  /** Places are being given up for somebody: nobody else may take them. */
  private isYielding = false;

  constructor(private readonly slots: () => number = () => SLOTS) {}

  enter(party: Party): void {
    this.members.add(party);
  }

  leave(party: Party): void {
    this.members.delete(party);
  }

  get parties(): number {
    return Math.max(1, this.members.size);
  }

  get hasRoom(): boolean {
    return this.size < this.slots();
  }

  /** Another viewport still waits for what its reader sees. */
  isUrgentFor(party: Party): boolean {
    if (this.isYielding) return true;
    return [...this.members].some((other) => other !== party && other.isUrgent);
  }

  /** A visible slice never waits behind prefetched ones, its own viewport's last. */
  makeRoom(party: Party): void {
    const others = [...this.members].filter((member) => member !== party);
    this.yielding(() => {
      for (const member of [...others, party]) {
        while (!this.hasRoom && member.yieldOne());
      }
    });
  }

  /** On a slow link what is prefetched would take most of it. */
  clear(): void {
    this.yielding(() => {
      for (const member of this.members) while (member.yieldOne());
    });
  }

  /** A load ended: its own viewport goes on, then the others. */
  next(party: Party): void {
    party.prefetch();
    for (const member of this.members) if (member !== party) member.prefetch();
  }

  /** Whoever hears that a load was given up may want to begin one at once: without end. */
  private yielding(act: () => void): void {
    this.isYielding = true;
    try {
      act();
    } finally {
      this.isYielding = false;
    }
  }

  private get size(): number {
    return [...this.members].reduce((sum, { size }) => sum + size, 0);
  }
}
